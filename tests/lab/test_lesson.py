"""The checks of the notebook's exercises: right, open, wrong and why; never a traceback."""

import pytest
import torch

from normlab.errors import SettingError
from normlab.lab.chapter.lesson import check_answer
from normlab.lab.chapter.lesson.answering import OPEN, told
from normlab.lab.chapter.lesson.exercises import EXERCISES, Ways

FUNCTIONS = [name for name, exercise in EXERCISES.items() if callable(exercise.right)]
VALUES = [name for name in EXERCISES if name not in FUNCTIONS]
MISTAKES = [
    (name, words, way)
    for name, exercise in EXERCISES.items()
    for words, wrong in exercise.mistakes.items()
    for way in (wrong if isinstance(wrong, Ways) else [wrong])
]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_is_praised(name, capsys):
    check_answer(name, EXERCISES[name].right)
    assert capsys.readouterr().out == f"Right. {EXERCISES[name].praise}\n"


@pytest.mark.parametrize(("name", "words", "way"), MISTAKES)
def test_each_usual_mistake_is_told_by_its_own_words(name, words, way):
    assert told(EXERCISES[name], way) == f"Not yet: {words}"


@pytest.mark.parametrize("name", EXERCISES)
def test_an_open_answer(name):
    assert told(EXERCISES[name], ...) == OPEN


def test_three_dots_within_a_function_are_an_open_answer():
    def half_done(x):
        mean = ...
        return x - mean

    def returned(x):
        return ...

    assert told(EXERCISES["standardise"], half_done) == OPEN
    assert told(EXERCISES["standardise"], returned) == OPEN


WRONG = {
    "an error": (
        lambda x: x.men(0),
        "your code ends in an error (AttributeError: 'Tensor' object has no",
    ),
    "too few arguments": (lambda: 1, "your code ends in an error (TypeError"),
    "no function": (3.0, "a function is asked for, and this is a float"),
    "nothing": (lambda x: None, "a number or a tensor is asked for, and this is None. "),
    "another shape": (lambda x: x[:1], r"shape (1, 3), and should have (12, 3)"),
    "NaN": (lambda x: x * torch.nan, "it gives nan at [0, 0], where"),
    "another number": (lambda x: x + 1, "on the input of the check it gives"),
}


@pytest.mark.parametrize("case", WRONG)
def test_any_other_wrong_answer_is_explained(case):
    given, words = WRONG[case]
    said = told(EXERCISES["standardise"], given)
    assert said.startswith("Not yet: ")
    assert words in said
    assert "Traceback" not in said and "\n" not in said


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("given", [None, -7.0, "nobody", (5,), torch.ones(2), lambda: 1])
def test_any_other_wrong_value_is_explained(name, given):
    assert told(EXERCISES[name], given).startswith("Not yet: ")


def test_an_answer_may_be_written_as_people_write_it():
    for given in ("LayerNorm", "layer norm", "Layer normalisation"):
        assert told(EXERCISES["transformer"], given).startswith("Right. ")
    assert told(EXERCISES["pooled_batch"], {0, 2, 3}).startswith("Right. ")
    assert "those are not the axes that are pooled" in told(EXERCISES["pooled_batch"], (3,))
    assert "and should be one number" in told(EXERCISES["alpha"], [1.0])


def test_a_number_worked_out_on_paper_and_axes_in_any_order_are_right():
    assert told(EXERCISES["ninety"], 41.2).startswith("Right. ")
    assert told(EXERCISES["pooled_layer"], [3, 1, 2]).startswith("Right. ")


def test_an_answer_that_changes_its_input_is_compared_all_the_same():
    def changed(x):
        x -= x.mean(0)
        return x / x.std(0, correction=0)

    for _ in range(2):
        assert told(EXERCISES["standardise"], changed).startswith("Right. ")


def test_a_name_that_is_no_exercise():
    with pytest.raises(SettingError, match="no exercise 'standardize'; did you mean 'standardise'"):
        check_answer("standardize", ...)
