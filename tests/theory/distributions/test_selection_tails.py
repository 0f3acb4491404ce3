"""Verifiers far from what they judge: values by arithmetic of 1,200 digits, and properties."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from theory.distributions import selection, verified_labels

# mean, width, noise_std (centre 0): share kept, mean kept, slope
FAR = [
    (9.0, 8.0, 1.0, 0.15865525393145705, 7.4748647238390188, 0.19909766557034879),
    (3.0, 2.0, 1.0, 0.15865496727988517, 1.474871339056358, 0.1990737454241554),
    (37.0, 0.5, 1.0, 5.5447257130748441e-292, 0.47264371552498767, 0.00074725036176897996),
    (-12.0, 3.0, 0.3, 4.9067139271481871e-198, -2.9900220997698969, 0.001103771511890091),
    (40.0, 1.0, 1.0, 0.0, 0.97439258006989154, 0.0006548827702932843),  # share 5e-333
    (1e4, 1.0, 1.0, 0.0, 0.9998999900010005, 1.0001999699799995e-8),
    (0.0, 1e-92, 1.0, 7.9788456080286536e-93, 0.0, 3.3333333333333333e-185),
]

AT = st.fixed_dictionaries(
    {
        "mean": st.floats(-1e6, 1e6),
        "centre": st.floats(-10, 10),
        "width": st.floats(-20, 5).map(lambda power: 10**power),
        "noise_std": st.floats(-5, 5).map(lambda power: 10**power),
    }
)


@pytest.mark.parametrize(("mean", "width", "noise_std", "share", "kept", "slope"), FAR)
def test_far_verifiers(mean, width, noise_std, share, kept, slope):
    at = {"mean": mean, "centre": 0.0, "width": width, "noise_std": noise_std}
    assert selection.verified_mean(**at) == pytest.approx(kept, rel=1e-12, abs=1e-15 * width)
    assert selection.verified_slope(**at) == pytest.approx(slope, rel=1e-12)
    # One unverified fit on one row, then a verified one on as many: rate / share is seen.
    bounds = [
        selection.verified_error_bound(
            truth=mean, centre=0.0, width=width, noise_std=noise_std, samples=1, generation=n
        )
        for n in (1, 2)
    ]
    rate = selection.contraction_rate(width=width, noise_std=noise_std)
    noise = rate * noise_std**2 / share if share else math.inf
    assert bounds[1] == pytest.approx(rate**2 * bounds[0] + noise, rel=1e-12)


def test_error_of_a_far_verifier_is_no_nan():
    at = {"truth": 40.0, "centre": 0.0, "width": 1.0, "samples": 100, "generation": 3}
    assert selection.verified_error(**at) == math.inf
    assert selection.verified_error_bound(**at) == math.inf


@given(power=st.floats(-150, -8))
def test_the_rate_of_a_narrow_verifier_is_that_of_a_uniform_law(power):
    width = 10**power
    assert selection.contraction_rate(width=width) == pytest.approx(width**2 / 3, rel=1e-14)


@given(away=st.floats(1e3, 1e9))
def test_far_out_what_is_kept_is_exponential(away):
    """Beyond the near end by z: density exp(-a z), cut where it is e^-1000 or less."""
    got = selection.verified_slope(mean=-away - 1, centre=0.0, width=1.0)
    assert got == pytest.approx(away**-2 * (1 - 6 / away**2), rel=1e-9)


@given(at=AT)
@example(at={"mean": 1.0, "centre": 1.0, "width": 1e-5, "noise_std": 1.0})
def test_slopes_are_shares_of_the_rate(at):
    slope = selection.verified_slope(**at)
    rate = selection.contraction_rate(width=at["width"], noise_std=at["noise_std"])
    assert 0 < slope <= rate * (1 + 1e-12) <= 1 + 1e-12
    kept = selection.verified_mean(**at)
    assert abs(kept - at["centre"]) <= at["width"] + 1e-15 * abs(at["centre"])
    mirrored = at | {"mean": -at["mean"], "centre": -at["centre"]}
    assert selection.verified_mean(**mirrored) == pytest.approx(
        -kept, rel=1e-12, abs=1e-12 + 1e-14 * min(at["width"], at["noise_std"])
    )
    assert selection.verified_slope(**mirrored) == pytest.approx(slope, rel=1e-9)


@given(width=st.floats(1e-9, 9), wider=st.floats(1.001, 3))
def test_the_rate_grows_with_the_width(width, wider):
    rate, larger = (selection.contraction_rate(width=w) for w in (width, wider * width))
    assert rate < larger or larger == pytest.approx(1, abs=1e-12)


@given(mean=st.floats(0, 1e3), further=st.floats(1e-3, 10), width=st.floats(1e-3, 10))
def test_the_slope_falls_away_from_the_centre(mean, further, width):
    slopes = [
        selection.verified_slope(mean=x, centre=0.0, width=width) for x in (mean, mean + further)
    ]
    assert slopes[1] <= slopes[0] * (1 + 1e-12)


@pytest.mark.parametrize(
    ("signal", "dim", "accuracy"),
    [
        (-3.0, 2, 0.088884721756043348),
        (-40.0, 2, 0.0063506878689712314),
        (-1e6, 3, 3.9894228040143268e-7),
        (-300.0, 10_000, 0.10240969757074662),
        (-1e3, 10**8, 0.46827448248909666),
    ],
)
def test_accuracies_near_0_keep_their_digits(signal, dim, accuracy):
    assert verified_labels.signal_accuracy(signal=signal, dim=dim) == pytest.approx(
        accuracy, rel=1e-12
    )
