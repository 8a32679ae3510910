"""Bad input: one plain line that says what was given and what to do, exit code 2, nothing written."""

import json

import pytest

from command import here, normlab
from normlab import lab
from normlab.errors import DataError

FILES = {
    "ok.csv": "p,q\n" + "".join(f"{i},{i * i}\n" for i in range(17)),
    "empty.csv": "",
    "header.csv": "a,b\n",
    "text.csv": "a,b\nx,y\nu,v\n",
    "one.csv": "a,b\n1,2\n",
    "gaps.csv": "a,b\n1,2\n3,\n4,5\n5,inf\n",
    "table.xyz": "1,2\n",
    "other.json": '{"a": 1}',
    "broken.parquet": "PAR1 no more",
}

TABLES = {
    "missing.csv": "missing.csv: cannot be opened (No such file or directory); check path and rights",
    ".": ".: is a folder; give one file in it",
    "empty.csv": "empty.csv: is empty; it must hold rows of numbers, so save it again",
    "header.csv": "header.csv: holds a header and no rows; a table needs at least 2 rows of numbers",
    "text.csv": "text.csv: no column holds numbers: 'a' (text), 'b' (text); give a table that has numbers",
    "one.csv": "one.csv: rows: 1; a table needs at least 2, so add rows",
    "gaps.csv": "gaps.csv: missing or infinite values in 2 of 4 rows (data rows 2, 4, counted from 1 "
    "without the header; columns 'b'); use --drop-missing to go on without them (in Python: "
    "drop_missing=True)",
    "table.xyz": "table.xyz: the ending must be one of .csv",
    "broken.parquet": "broken.parquet: cannot be read as .parquet",
}

CHAPTER = {
    "--data ok.csv --columns p,r": "ok.csv: has no column 'r'; did you mean 'q'? It has 'p', 'q'",
    "--data ok.csv": "the last batch has 1 row (17 rows in batches of 8), whose variance is 0: torch's layer "
    "says 'Expected more than 1 value per channel when training'. Use --drop-last, or another --batch-size.",
    "--data ok.csv --samples 4": "samples describe points that are drawn without data; leave them out, or "
    "leave out data.",
    "--batch-size 0": "batch_size=0 given; it must be a whole number >= 1.",
    "--batch-size -3": "batch_size=-3 given; it must be a whole number >= 1.",
    "--batch-size x": "--batch-size 'x' given; it must be a whole number.",
    "--norm bach": "No normaliser 'bach'. Did you mean 'batch'? The table has batch, layer, instance, group, "
    "rms, l2, local_response, local_contrast, divisive, gdn, gdn1.",
    "--norm instance": "norm 'instance' pools over space, and rows × columns have none; use batch, layer, "
    "group, rms, l2, local_response, divisive, gdn, gdn1.",
    "--norm divisive --eps 1": "norm 'divisive' has no eps; it has sigma, power.",
    "--weight abc": "--weight 'abc' given; it must be a number, or several with commas: 2,0.5.",
    "--weight 1,2,3": "weight has 3 values, and the data 2 features; give one value, or one for each "
    "feature.",
    "--std -1,1": "std=-1.0 given; it must be a finite number >= 0.",
    "--mean 1": "mean has 1 values and std has 2; give one of each for every feature.",
    "--eps nan": "eps=nan given; it must be a finite number >= 0.",
    "--momentum 2": "momentum=2.0 given; it must be a finite number >= 0 and <= 1.",
    "--samples 1": "samples=1 given; it must be a whole number >= 2.",
    "--device nosuch": "device 'nosuch' cannot be used here: ",
    "--out ok.csv/x": "cannot write into 'ok.csv/x': Not a directory. Give another folder with --out.",
    "--out /proc/x": "cannot write into '/proc/x': ",
    "--nosuch": "No such option: --nosuch",
    "--verify missing.json": "cannot read 'missing.json': No such file or directory. Give a numbers.json "
    "of a run.",
    "--verify ok.csv": "'ok.csv' is not JSON: ",
    "--verify other.json": "'other.json'",
}

OTHERS = {
    "nosuch": "No such command 'nosuch'. See normlab --help.",
    "run chaper": "No such command 'chaper'. Did you mean 'chapter'? See normlab run --help.",
    "run cortex.size-tunin": "No experiment 'cortex.size-tunin'. Did you mean 'cortex.size-tuning'?",
    "run chapter.brian": "No experiment 'chapter.brian'. Did you mean 'chapter.brain'? `normlab run` lists "
    "all of them.",
    "run cortex --semisaturation -1": "semisaturation=-1.0 given; it must be a finite number >= 0.001 and <= "
    "1 of contrast.",
    "run cortex --filter-frequency 0": "filter_frequency=0.0 given; it must be a finite number >= 0.1",
    "run cortex.hole --maximum x": "--maximum 'x' given; it must be a number.",
    "run cortex --frames 1e9": "--frames '1e9' given; it must be a whole number.",
    "show grop": "No normaliser 'grop'. Did you mean 'group'?",
    "show": "Missing argument",
}

# what is read is not there: what is to be written is judged before that, and before any work
INTO = {
    "bench --quick --only none --figure x/s.svg": "--figure 'x/s.svg'",
    "bench --quick --only none --out x/p.md": "--out 'x/p.md'",
    "convert none.py:Net --to group --out x/w.pt": "--out 'x/w.pt'",
    "doctor none.py:Net --html x/p.html": "--html 'x/p.html'",
    "doctor none.py:Net --sarif x/r.json": "--sarif 'x/r.json'",
    "doctor none.py:Net --write-baseline x/r.json": "--write-baseline 'x/r.json'",
    "doctor none.py:Net --out x/w.pt": "--out 'x/w.pt'",
    "doctor fold none.py:Net --out x/w.pt": "--out 'x/w.pt'",
    "fit none.csv --html x/p.html": "--html 'x/p.html'",
    "fit none.csv --figure x/s.svg": "--figure 'x/s.svg'",
    "grade none.py --csv x/t.csv": "--csv 'x/t.csv'",
    "measure none.csv --out x/r.json": "--out 'x/r.json'",
    "measure none.csv --html x/p.html": "--html 'x/p.html'",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    return folder


def refused(folder, arguments, message, run=here):
    before = sorted(path.name for path in folder.rglob("*"))
    done = run(*arguments, cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith(f"normlab: {message}")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert sorted(path.name for path in folder.rglob("*")) == before


@pytest.mark.parametrize(("name", "message"), TABLES.items(), ids=TABLES)
def test_a_table_that_cannot_be_read(folder, monkeypatch, name, message):
    """As the command says it, without the processes that would have drawn its figures."""
    monkeypatch.chdir(folder)
    with pytest.raises(DataError) as refusal:
        lab.run("chapter", data=name)
    assert str(refusal.value).startswith(message) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(("options", "message"), CHAPTER.items(), ids=CHAPTER)
def test_a_chapter_that_cannot_run(folder, options, message):
    refused(folder, ["run", "chapter", *options.split()], message)


@pytest.mark.parametrize(("command", "message"), OTHERS.items(), ids=OTHERS)
def test_a_command_that_is_none(folder, command, message):
    refused(folder, command.split(), message)


PROCESSES = ("nosuch", "show grop", "run chaper", "run cortex --semisaturation -1")


@pytest.mark.parametrize(("command", "option"), INTO.items(), ids=INTO)
def test_a_folder_where_a_file_is_to_be_written_is_refused_at_once(tmp_path, command, option):
    *_, name = command.split()
    (tmp_path / name).mkdir(parents=True)
    refused(tmp_path, command.split(), f"{option} is a folder; give a file.")


@pytest.mark.parametrize("command", PROCESSES)
def test_a_process_of_its_own_says_the_same(folder, command):
    refused(folder, command.split(), OTHERS[command], normlab)


def test_a_chapter_in_a_process_of_its_own_says_the_same(folder):
    refused(folder, ["run", "chapter", "--data", "gaps.csv"], TABLES["gaps.csv"], normlab)


SETTINGS = {"unknown": {"speed": 3}, "a wrong type": {"batch_size": "eight"}, "a hook": {"say": 1}}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_record_edited_to_nonsense(folder, settings):
    record = {"experiment": "chapter", "settings": settings, "versions": {}, "numbers": {}}
    (folder / "edited.json").write_text(json.dumps(record))
    refused(folder, ["run", "chapter", "--verify", "edited.json"], "")
