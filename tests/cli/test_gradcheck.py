"""`nnlab gradcheck`: every shipped network passes, a wrong derivative ends in 1."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import ACTIVATIONS
from tests.laboratory import CONFIGS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.laboratory import Laboratory

# Fashion-MNIST does not come with nnlab.
SHIPPED = sorted(path for path in CONFIGS.glob("*.yaml") if path.stem != "fashion_mnist")


@pytest.mark.parametrize("config", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_network_passes(lab: Laboratory, config: Path) -> None:
    code, out, err = lab.call("gradcheck", str(config))
    assert (code, err) == (0, "")
    table, _, closing = out.partition("\n\n")
    assert table.split()[:3] == ["layer", "array", "parameters"]
    assert float(closing.splitlines()[-1].removeprefix("largest relative error: ")) < 1e-9
    checked, unknown = (sum(int(row.split()[place]) for row in table.splitlines()[1:]) for place in (3, 5))
    assert unknown <= checked / 100


def test_json_has_a_row_for_each_array(lab: Laboratory) -> None:
    rows = json.loads(lab.call("gradcheck", str(CONFIGS / "xor.yaml"), "--json").out)
    assert [(row["layer"], row["array"]) for row in rows] == [
        (1, "weights"),
        (1, "biases"),
        (2, "weights"),
        (2, "biases"),
    ]
    assert rows[0].keys() == {
        "layer",
        "array",
        "parameters",
        "checked",
        "at_kinks",
        "cannot_tell",
        "largest_gradient",
        "largest_error",
    }


def test_a_wrong_derivative_ends_in_1(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(ACTIVATIONS["tanh"], derivative=np.ones_like)
    monkeypatch.setitem(ACTIVATIONS, "tanh", wrong)
    code, out, err = lab.call("gradcheck", str(CONFIGS / "xor.yaml"))
    assert code == 1
    assert "largest relative error" in out
    assert err.startswith("nnlab: the gradient is wrong: a relative error of ")
    assert err.count("\n") == 1


def test_the_tolerance_is_the_users(lab: Laboratory) -> None:
    assert lab.call("gradcheck", str(CONFIGS / "xor.yaml"), "--tolerance", "1e-30").code == 1


def test_a_mistake_in_the_config_ends_in_2(lab: Laboratory) -> None:
    assert lab.call("gradcheck", str(CONFIGS / "xor.yaml"), "eta=no").code == 2
    assert lab.call("gradcheck", "nowhere.yaml").code == 2


def test_what_is_at_a_kink_is_left_out_and_has_no_error(lab: Laboratory) -> None:
    # Both of the hidden neuron's parameters move its input away from 0.
    start = "start={weights: [[[0]], [[1]]], biases: [[0], [0]]}"
    code, out, err = lab.call(
        "gradcheck", str(CONFIGS / "neuron.yaml"), "architecture=[1,1,1]", "activation=relu", start
    )
    assert code == 0
    assert [line.split()[4] for line in out.splitlines()[1:3]] == ["1", "1"]
    assert "–" in out
    assert err == ""


def saturated(z: float) -> tuple[str, ...]:
    """Return the arguments of a check of one neuron whose input is `z`."""
    return "gradcheck", str(CONFIGS / "neuron.yaml"), f"start={{weights: [[[{z / 2}]]], biases: [[{z / 2}]]}}"


def test_a_saturated_neuron_is_checked(lab: Laboratory) -> None:
    code, out, err = lab.call(*saturated(18))
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("largest relative error: ")


def test_if_nothing_can_be_checked_it_says_so_and_ends_in_1(lab: Laboratory) -> None:
    code, out, err = lab.call(*saturated(30))
    assert code == 1
    *table, blank, note, verdict = out.splitlines()
    assert [(row.split()[5], row.endswith("  cannot tell")) for row in table[1:]] == [("1", True)] * 2
    assert blank == ""
    assert note == "cannot tell for 2 of 2 parameters: rounding hides their gradient"
    assert verdict == "largest relative error: cannot tell"
    assert err == (
        "nnlab: cannot tell whether the gradient is right: rounding may exceed 1e-06 of every gradient; "
        "start from smaller weights, or raise --tolerance\n"
    )
    assert lab.call(*saturated(30), "--tolerance", "0.1").code == 0


def test_json_says_what_it_cannot_tell(lab: Laboratory) -> None:
    code, out, _ = lab.call(*saturated(30), "--json")
    assert code == 1
    assert [(row["checked"], row["cannot_tell"], row["largest_error"]) for row in json.loads(out)] == [
        (0, 1, None)
    ] * 2


def test_a_gradient_that_is_not_finite_ends_in_3(lab: Laboratory) -> None:
    start = "start={weights: [[[1e300]], [[1e300]]], biases: [[0], [0]]}"
    code, out, err = lab.call(
        *("gradcheck", str(CONFIGS / "neuron.yaml"), "architecture=[1,1,1]", "dtype=float64"),
        *("activation=identity", "output=identity", start, "--json"),
    )
    assert (code, out) == (3, "")
    assert err == "nnlab: the gradient is not finite; start from smaller weights\n"


@pytest.mark.parametrize(
    "overrides",
    [
        ("activation=[leaky_relu,elu]",),
        ("activation=[softplus,scaled_tanh]", "inputs=symmetric"),
        ("activation=relu", "dropout=[0.2,0.5,0.3]", "inputs=standardised"),
        ("activation=tanh", "dropout=0.5", "train_size=5", "batch_size=full"),
        ("activation=tanh", "dropout=0.5", "label_smoothing=0.1", "optimiser=adam", "weight_average=0.9"),
    ],
)
def test_every_method_passes(lab: Laboratory, overrides: tuple[str, ...]) -> None:
    """With dropout, the check holds its masks fixed."""
    config = str(CONFIGS / "mnist_softmax.yaml")
    code, out, err = lab.call("gradcheck", config, "architecture=[784,30,20,10]", *overrides, "--json")
    assert (code, err) == (0, "")
    checks = json.loads(out)
    assert len(checks) == 6
    assert max(check["largest_error"] for check in checks) < 1e-9
    plain = json.loads(lab.call("gradcheck", config, "architecture=[784,30,20,10]", "--json").out)
    assert checks[0]["largest_gradient"] != plain[0]["largest_gradient"]
