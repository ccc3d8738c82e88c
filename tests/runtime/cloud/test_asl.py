from __future__ import annotations

from stepwell.cloud.asl import faults


def test_a_sound_machine_has_no_fault() -> None:
    """Choices, a default, a catch and a branch that all lead somewhere are no faults."""
    machine = {
        "StartAt": "Which",
        "States": {
            "Which": {"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "Both"}], "Default": "No"},
            "Both": {
                "Type": "Parallel",
                "Branches": [{"StartAt": "X", "States": {"X": {"Type": "Pass", "End": True}}}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "No"}],
                "End": True,
            },
            "No": {"Type": "Fail"},
        },
    }
    assert faults(machine) == []


def test_every_fault_is_told_with_its_place() -> None:
    """All faults of a machine are found at once, each with the path of what is wrong."""
    inner = {"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "Y"}}}
    machine = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Map", "ItemProcessor": inner, "Next": "B"},
            "C": {"Type": "Wait"},
        },
    }
    assert faults(machine) == [
        "MISSING_TRANSITION_TARGET: 'B' is no state, at /States/A/Next",
        "UNREACHABLE_STATE: nothing leads to it, at /States/C",
        "MISSING_TRANSITION_TARGET: 'Y' is no state, at /States/A/ItemProcessor/States/X/Next",
        "MISSING_END: neither Next nor End, at /States/C",
    ]
