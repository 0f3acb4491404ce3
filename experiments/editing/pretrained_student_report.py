"""What small models learnt from edited text, printed: differences, their verdict and the gain that
was published."""

from rich.console import Console

from experiments.editing.pretrained_settings import PretrainedSettings
from experiments.editing.pretrained_students import UNEDITED, student_differences
from experiments.editing.report import columns, published_line
from experiments.editing.stages import Arms
from experiments.seeds import spread


def print_students(console: Console, settings: PretrainedSettings, arms: Arms) -> None:
    """Nothing but why, where no model was trained."""
    if not arms:
        reason = "as asked" if not settings.seeds else "no document is left to hold out"
        console.print(f"\nNo small model was trained: {reason}.")
        return
    unedited = arms[UNEDITED]["held_out_loss"]
    console.print(
        f"\nSmall models from scratch ({settings.size.upper()} parameters, {settings.seeds} seeds) "
        "on edited text:\nheld-out loss less that after unedited text, nats per token "
        f"(unedited:\n{unedited.mean():.4f}). ±: two standard errors over seeds."
    )
    table = columns(["edited text"], ["changed, %", "difference", "smallest to largest seed"])
    for found in student_differences(arms):
        changed = 100 * arms[found.arm]["changed"][0]
        difference = f"{found.values.mean():+.5f} ±{spread(found.values):.5f}"
        low, high = found.values.min(), found.values.max()
        table.add_row(found.arm, f"{changed:.3f}", difference, f"{low:+.5f} to {high:+.5f}")
    console.print(table)
    for found in student_differences(arms):
        console.print(f"{found.arm}: {found.words}.")
    console.print(published_line(), end="")
