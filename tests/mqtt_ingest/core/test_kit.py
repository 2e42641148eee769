"""The test kit finds what is wrong; docs/howto/add-a-decoder.md is done as it says."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mqtt_ingest.core import conventions, kit
from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet
from tests.support.services import ROOT

PAGE = ROOT / "docs" / "howto" / "add-a-decoder.md"


class Counting(Convention):
    """Says which packet of its own it is: what it must not remember but in its state."""

    name: ClassVar[str] = "counting"
    is_stateful: ClassVar[bool] = True
    shared_filters: Sequence[str] = ("a/#",)
    turn = 0

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        del packet, limits
        self.turn += 1
        return [DeviceMessage(f"d{self.turn}", status="online")]


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    path = tmp_path / "golden.json"
    says: list[Any] = [{f"d{turn}": {"status": "online"}} for turn in (1, 2)]
    packets = [{"topic": "a/b", "payload": "1", "says": one} for one in says]
    path.write_text(json.dumps({"options": {}, "packets": packets}))
    return path


def test_another_reading_names_the_packet(golden: Path) -> None:
    kit.check_golden(Counting, golden)
    golden.write_text(golden.read_text().replace("d2", "d3"))
    with pytest.raises(AssertionError, match=r"a/b b'1' says \{'d2'.*not \{'d3'"):
        kit.check(Counting, golden)


def test_a_convention_of_ours_passes() -> None:
    kit.check(
        conventions.find("tasmota"), Path(__file__).parent / "conventions/golden/tasmota.json"
    )


def test_what_is_remembered_beside_the_state_is_found(golden: Path) -> None:
    with pytest.raises(AssertionError, match=r"says \{'d1'.*not \{'d2'"):
        kit.check_restart(Counting, golden)


def test_a_fault_of_a_decoder_is_found(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(_self: Counting, packet: Packet, _limits: Limits) -> Sequence[DeviceMessage] | None:
        raise ZeroDivisionError(packet.topic)

    monkeypatch.setattr(Counting, "decode", faulty)
    with pytest.raises(ZeroDivisionError):
        kit.check_fuzz(Counting, golden)


def test_a_slow_decoder_is_found(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1_000, 3))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    with pytest.raises(AssertionError, match="topic='a/b'"):
        kit.check_fuzz(Counting, golden, 1)


def test_the_page_makes_a_decoder_that_passes_and_is_loaded(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL))
    (tmp_path / "acme_kettle.py").write_text(blocks["python"])
    (tmp_path / "golden.json").write_text(blocks["json"])
    installed = tmp_path / "acme_kettle-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-kettle\nVersion: 1.0\n")
    (points,) = re.findall(
        r'\[project.entry-points."(.*?)"\]\n(.*?)\n\n', blocks["toml"], re.DOTALL
    )
    (installed / "entry_points.txt").write_text(
        f"[{points[0]}]\n{points[1].replace(chr(34), '')}\n"
    )
    (code,) = re.findall(r'python -c "\n(.*?)"\n', blocks["sh"], re.DOTALL)
    look = "from mqtt_ingest.core import conventions as c; c.load_installed(); print(c.names()[0])"
    printed = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{ROOT}:{tmp_path}", "DJANGO_SETTINGS_MODULE": "tests.settings"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        for program in (code.replace("20000", "300"), look)
    ]
    assert [(one.stdout, one.stderr) for one in printed] == [("", ""), ("acme_kettle\n", "")]
