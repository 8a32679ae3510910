"""Data that do not fit into the memory that they are measured in."""

import io
import subprocess
import sys
import tarfile

import numpy as np
import psutil
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

import normlab

MOST = 300 * 2**20  # bytes of anonymous memory above the interpreter with torch
_RUN = """
import sys, torch, normlab, pyarrow.parquet
print("loaded", flush=True)
sys.stdin.readline()
normlab.measure(sys.argv[1], threads=2).save(sys.argv[2])
"""


def anonymous(process):
    """Bytes that belong to no file: what a process takes for itself."""
    state = process.memory_info()
    return state.rss - state.shared


def measured(path, out):
    """What a process of its own measures, and its anonymous memory at its most above what it began with."""
    with subprocess.Popen(
        [sys.executable, "-c", _RUN, str(path), str(out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == b"loaded\n"
        watched = psutil.Process(process.pid)
        before, most = anonymous(watched), 0
        process.stdin.write(b"\n")
        process.stdin.flush()
        while process.poll() is None:
            try:
                most = max(most, anonymous(watched))
                process.wait(0.005)
            except (subprocess.TimeoutExpired, psutil.Error):
                continue
        assert process.returncode == 0
    return normlab.Measured.load(out), most - before


def test_one_large_row_group(tmp_path):
    """The default reader would take the row group, and more: 192 MB, and here 64 MB at most."""
    x = np.random.default_rng(9).standard_normal((6, 8_000_000), np.float32)
    path = tmp_path / "t.parquet"
    table = pa.table(list(x), names=list("abcdef"))
    parquet.write_table(
        table, path, row_group_size=x.shape[1], compression="none", use_dictionary=False
    )
    found, most = measured(path, tmp_path / "s.json")
    np.testing.assert_allclose(found.mean, x.mean(1, dtype=np.float64), atol=1e-12)
    assert path.stat().st_size > 190e6
    assert most < 128 * 2**20


@pytest.mark.slow
def test_a_row_group_of_a_gigabyte(tmp_path):
    """One chunk again and again, in one row group."""
    x = np.random.default_rng(9).standard_normal((8, 1 << 20), np.float32)
    columns = [pa.chunked_array([pa.array(column)] * 32) for column in x]
    path = tmp_path / "t.parquet"
    table = pa.table(columns, names=list("abcdefgh"))
    parquet.write_table(
        table, path, row_group_size=len(table), compression="none", use_dictionary=False
    )
    assert parquet.ParquetFile(path).num_row_groups == 1 and path.stat().st_size > 2**30
    found, most = measured(path, tmp_path / "s.json")
    np.testing.assert_allclose(found.mean, x.mean(1, dtype=np.float64), atol=1e-12)
    assert found.rows == len(table) and most < MOST


@pytest.mark.slow
def test_four_gigabytes(tmp_path):
    """A block again and again, whose statistics are those of all."""
    block = np.random.default_rng(10).normal(3, 2, (1 << 20, 8)).astype(np.float32)
    repeats = 128
    path = tmp_path / "x.npy"
    header = np.lib.format.header_data_from_array_1_0(block) | {"shape": (repeats * len(block), 8)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(repeats):
            file.write(block)
    found, most = measured(path, tmp_path / "s.json")
    alone = normlab.measure(block)
    assert path.stat().st_size > 4e9 and found.count.tolist() == [repeats * len(block)] * 8
    for number, power in (("mean", 0), ("m2", 1), ("m3", 1), ("m4", 1)):
        one, other = getattr(found, number), getattr(alone, number) * repeats**power
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-4)
    assert most < MOST


@pytest.mark.slow
def test_ten_thousand_images(tmp_path):
    """Ten images, a thousand times each: exactly as ten."""
    rng = np.random.default_rng(11)
    encoded = []
    for _ in range(10):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(buffer, "JPEG")
        encoded.append(buffer.getvalue())
    for name, repeats in (("ten", 1), ("many", 1000)):
        with tarfile.open(tmp_path / f"{name}.tar", "w") as tar:
            for i in range(10 * repeats):
                member = tarfile.TarInfo(f"{i:05}.jpg")
                member.size = len(encoded[i % 10])
                tar.addfile(member, io.BytesIO(encoded[i % 10]))
    ten = normlab.measure(tmp_path / "ten.tar")
    found, most = measured(tmp_path / "many.tar", tmp_path / "s.json")
    assert found.rows == 10_000 and found.mean.tolist() == ten.mean.tolist()
    assert found.var(0).tolist() == pytest.approx(ten.var(0).tolist(), rel=4e-16)
    assert most < MOST
