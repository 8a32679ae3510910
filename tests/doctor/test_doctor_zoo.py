"""Every sick network of the zoo is found, and no healthy one alarms; make doctor-zoo prints the table."""

import pytest
from doctor_networks import SCORING
from doctor_zoo import ZOO
from doctor_zoo_table import report_on, score

from normlab.doctor import rules


def test_every_rule_has_its_networks():
    assert set(ZOO) == set(rules.RULES)
    assert all(len(sick) >= 2 and len(healthy) >= 2 for sick, healthy in ZOO.values())


@pytest.mark.slow
@pytest.mark.parametrize("code", ZOO)
def test_all_sick_are_found_and_no_healthy_alarms(code):
    hits, own, loud = score(code, SCORING)
    assert all(hits)
    assert not any(own)
    assert loud == []


@pytest.mark.parametrize("code", ["NRM101", "NRM102", "NRM104", "NRM202", "NRM404"])
def test_one_of_each_of_the_most_frequent_faults(code):
    sick, healthy = ZOO[code]
    assert [f.code for f in report_on(sick[1](SCORING[0]), [code]).findings] == [code]
    assert report_on(healthy[0](SCORING[0]), [code]).findings == ()
