"""One setting of JAX and Hypothesis for every test."""

import gc
import os
from pathlib import Path
from types import FunctionType

import experiments  # noqa: F401, before JAX and NumPy: it keeps XLA quiet, and LAPACK on one core

# isort: split
import jax
import jaxtyping
import pytest
from hypothesis import HealthCheck, settings

from experiments.devices import compiler_flags

# Eight virtual CPU devices, so that one process compares jax.devices()[:1] with [:8]. Unsharded
# work still runs on the first alone. Both settings must come before JAX first asks for a device;
# the environment variable also reaches the commands that tests start.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax.config.update("jax_platforms", os.environ["JAX_PLATFORMS"])
jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_cpu_enable_async_dispatch", False)  # as commands have it

# Compilation is most of the tests' time, and workers, commands and reruns compile the same
# programs: they share one folder. Below a limit of size JAX locks it, else a worker could read
# what another has half written.
COMPILED = {
    "jax_compilation_cache_dir": str(Path(__file__).parents[1] / ".pytest_cache" / "compiled"),
    "jax_compilation_cache_max_size": 2**30,  # bytes
    "jax_persistent_cache_min_compile_time_secs": 0.2,
}
for name, value in COMPILED.items():
    os.environ[name.upper()] = str(value)
    jax.config.update(name, value)

# Compiling is most of the tests' time: XLA optimises nothing, in the same operations. Commands ask
# for level 1.
os.environ.setdefault("XLA_FLAGS", compiler_flags(level=0))


def checked(*, typechecker, decorate=jaxtyping.jaxtyped):
    """What jaxtyping's hook writes above every function, but for those without annotations.

    There is nothing to check in them, and one inside another would be compiled at every call.
    """
    check = decorate(typechecker=typechecker)
    return lambda of: of if isinstance(of, FunctionType) and not of.__annotations__ else check(of)


jaxtyping.jaxtyped = checked

settings.register_profile(
    "project",
    deadline=None,  # a deadline would time XLA's compilation
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # that too is a clock, not a property
)
settings.load_profile("project")

# Tracing makes many small objects that nothing refers to in circles: looking for circles among
# them and all that was imported is a tenth of the tests' time.
gc.set_threshold(20_000, 10, 10)


def pytest_collection_finish():
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    return f"jax: {jax.__version__}, {jax.device_count()} {jax.default_backend()} devices"


def compile_streams(patch: pytest.MonkeyPatch) -> None:
    """Compile simulations of many replicates as the commands have it: these do run long."""
    from collapse_sim import blocks, replicates  # not before jaxtyping's hook

    compiled = jax.jit(
        blocks.compiled_blocks.__wrapped__,
        static_argnames=("program", "block", "mesh"),
        compiler_options={"xla_backend_optimization_level": 1},
    )
    patch.setattr(replicates, "run_blocks", compiled)


@pytest.fixture(scope="session", autouse=True)
def streams():
    """On two devices, as on two cores: each takes a block, and few tests ask for eight blocks."""
    from collapse_sim.replicates import Stream

    def of(simulation, *, devices=None, made=Stream.of, **options):
        return made(simulation, devices=devices or jax.devices()[:2], **options)

    with pytest.MonkeyPatch.context() as patch:
        compile_streams(patch)
        patch.setattr(Stream, "of", of)
        yield


@pytest.fixture
def unchecked(monkeypatch):
    """No type checker stands before the package's own answers, as for a user."""
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)


@pytest.fixture(scope="session")
def wikitext() -> Path:
    """The folder with WikiText-2's valid.txt and test.txt, which is not part of the project."""
    folder = Path(__file__).parents[2] / "shared" / "data" / "wikitext2"
    if not (folder / "valid.txt").is_file():
        pytest.skip("no WikiText-2: needs ../shared/data/wikitext2/{valid,test}.txt")
    return folder
