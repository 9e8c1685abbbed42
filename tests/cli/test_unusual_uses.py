"""Unusual configs, names, streams and environments have sensible results."""

from __future__ import annotations

import fcntl
import os
import re
import resource
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.laboratory import COMMAND, LINEAR, config_text

if TYPE_CHECKING:
    from tests.laboratory import Laboratory

NAME_RULE = "name: must be letters from A to Z, digits and _ . + -, beginning with a letter, a digit or _ "


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("nosuch.yaml", "no such file"),
        (".", "a folder, not a config file"),
        ("/dev/null", "the file is empty"),
        ("/dev/zero", "larger than 64 KiB"),
        ("binary.yaml", "text"),
        ("ten_megabytes.yaml", "larger than 64 KiB"),
        ("secret.yaml", "cannot be read: Permission denied"),
        ("linear.yaml/x.yaml", "cannot be read: Not a directory"),
        ("x" * 5000, "cannot be read: File name too long"),
    ],
)
@pytest.mark.parametrize("command", [["train"], ["config", "check"], ["config", "show"], ["gradcheck"]])
def test_what_is_no_config_is_one_line_and_exit_2(
    lab: Laboratory,
    command: list[str],
    file: str,
    says: str,
) -> None:
    (lab.folder / "binary.yaml").write_bytes(Path(sys.executable).read_bytes()[:1000])
    lab.config("secret.yaml").chmod(0)
    with (lab.folder / "ten_megabytes.yaml").open("wb") as large:
        large.truncate(10 << 20)
    refused = (lab.without_root if file == "secret.yaml" else lab.call)(*command, file)
    assert (refused.code, refused.out) == (2, "")
    assert says in refused.err
    assert refused.err.count("\n") == 1
    assert not (lab.folder / "runs").exists()


def test_a_config_may_come_through_a_pipe_of_the_file_system(lab: Laboratory) -> None:
    code, out, err = lab.shell("nnlab train <(cat linear.yaml) epochs=1 --name piped -q")
    assert (code, out, err) == (0, "runs/piped-001\n", "")


@pytest.mark.parametrize("command", [["train"], ["config", "check"]])
def test_a_pipe_that_somebody_holds_open_is_not_waited_for(lab: Laboratory, command: list[str]) -> None:
    os.mkfifo(lab.folder / "pipe.yaml")
    held = os.open(lab.folder / "pipe.yaml", os.O_RDWR)
    refused = lab.call(*command, "pipe.yaml")
    os.close(held)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "pipe.yaml: cannot be read: it is a pipe, a socket or a device, not a file; write - to read a config "
        "from standard input\n"
    )


@pytest.mark.parametrize("file", ["a b.yaml", "new\nline.yaml", "-x.yaml", "\x1b[31m.yaml", "é.yaml"])
def test_a_file_of_any_name_makes_a_run_in_the_runs_folder(lab: Laboratory, file: str) -> None:
    lab.config(file)
    done = (
        lab.call("train", "epochs=1", "-q", "--", file)
        if file[0] == "-"
        else lab.call("train", file, "epochs=1", "-q")
    )
    if done.code == 2:  # the first of the arguments is the config
        done = lab.call("train", "-q", "--", file, "epochs=1")
    assert (done.code, done.err) == (0, "")
    (run,) = (lab.folder / "runs").iterdir()
    assert re.fullmatch(r"runs/[\w.+-]+-001\n", done.out)
    assert done.out == f"runs/{run.name}\n"


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "/abs", "..", ".", "-x", "a\nb", "", "\x1b[31m", "a b", "é"]
)
def test_no_name_leads_out_of_the_runs_folder(lab: Laboratory, run: Path, name: str) -> None:
    for refused in (
        lab.call("train", "linear.yaml", f"--name={name}"),
        lab.call("baseline", "linear", f"--name={name}"),
    ):
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.startswith(f"command line: {NAME_RULE}")
        assert refused.err.count("\n") == 1
    written = f'name: "{name}"\n'.replace("\n", "\\n").replace('"\\n', '"\n').replace("\x1b", "\\e")
    (lab.folder / "named.yaml").write_text(config_text(LINEAR) + written)
    assert NAME_RULE in lab.call("train", "named.yaml").err
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(re.sub("(?m)^name: .*\n", written.replace("\\", r"\\"), config))
    resumed = lab.call("train", "--resume", "linear-001", "epochs=4")
    assert (resumed.code, resumed.out) == (5, "")
    assert NAME_RULE in resumed.err
    assert {path.name for path in lab.folder.iterdir()} <= {"linear.yaml", "named.yaml", "runs"}
    assert [path.name for path in (lab.folder / "runs").iterdir()] == ["linear-001"]


@pytest.mark.parametrize(
    "command", ["train linear.yaml epochs=1 -q", "compare", "eval", "config show linear.yaml"]
)
@pytest.mark.usefixtures("run")
def test_nnlab_works_with_closed_streams(lab: Laboratory, command: str) -> None:
    code, out, err = lab.shell(f"nnlab {command} >&-")
    assert (code, out, err) == (0, "", "")
    code, out, err = lab.shell(f"nnlab {command} 2>&- <&-")
    assert (code, err) == (0, "")
    assert out
    assert lab.shell(f"nnlab {command} >&- 2>&- <&-") == (0, "", "")


def test_a_config_from_a_closed_stdin_is_one_line(lab: Laboratory) -> None:
    refused = lab.shell("nnlab train - <&-")
    assert refused == (2, "", "<stdin>: cannot be read: standard input is closed\n")


def test_an_error_that_cannot_be_printed_still_has_its_code(lab: Laboratory) -> None:
    assert lab.shell("nnlab train nosuch.yaml 2>&-") == (2, "", "")
    assert lab.shell("nnlab train nosuch.yaml 2> /dev/full") == (2, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_process_whose_pipe_nobody_empties(lab: Laboratory, number: int) -> None:
    with lab.start("config", "schema") as process:
        assert process.stdout
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        wait_until_asleep(process)
        process.send_signal(number)
        process.wait(timeout=30)
        assert process.communicate()[1] == ""
        assert process.returncode == -number


def wait_until_asleep(process: subprocess.Popen[str]) -> None:
    """Wait until the process has done nothing for a while."""
    spent, deadline = None, time.monotonic() + 30
    while time.monotonic() < deadline:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        if fields[0] == "S" and fields[11:13] == spent:
            return
        spent = fields[11:13]
        time.sleep(0.3)
    raise AssertionError("the process never waited")


def test_a_pipe_that_is_emptied_late_gets_everything(lab: Laboratory) -> None:
    code, out, err = lab.shell("nnlab config schema | (sleep 1; cat) | wc -c")
    assert (code, err) == (0, "")
    assert int(out) > 5000


@pytest.mark.parametrize(
    "arguments", [["train", "linear.yaml", "epochs=1", "-q"], ["data", "list"], ["compare"]]
)
@pytest.mark.usefixtures("run")
def test_nnlab_works_without_a_home_and_an_environment(lab: Laboratory, arguments: list[str]) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=lab.folder, env={}, capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_cache_folder_that_is_read_only_matters_only_to_downloads(lab: Laboratory) -> None:
    (lab.folder / ".cache").mkdir()
    (lab.folder / ".cache").chmod(0o555)
    proxy = {"HTTPS_PROXY": "http://127.0.0.1:9"}  # nobody listens there
    assert lab.without_root("train", "linear.yaml", "epochs=1", "-q", **proxy).code == 0
    failed = lab.without_root("train", "linear.yaml", "dataset=fashion_mnist", **proxy)
    assert (failed.code, failed.out) == (4, "")
    assert "the proxy: refused the connection" in failed.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("arguments", [["train", "linear.yaml", "epochs=1"], ["eval"], ["demo", "neuron"]])
@pytest.mark.usefixtures("run")
def test_a_locale_that_knows_no_greek_gets_question_marks(
    lab: Laboratory, arguments: list[str], encoding: str
) -> None:
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": encoding}
    done = lab.nnlab(*arguments, **locale)
    assert done.code == 0, done.err
    text = os.fsencode(done.out + done.err).decode(encoding)
    if encoding == "utf-8":
        assert re.search("[–ησ↓]", text)
    else:
        assert "?" in text


def test_memory_that_runs_out_is_one_line(lab: Laboratory) -> None:
    limit = partial(resource.setrlimit, resource.RLIMIT_AS, (3 << 30, 3 << 30))
    wide = ("architecture=[784, 30000, 30000, 10]", "activation=relu")
    failed = lab.limited(limit, "train", "linear.yaml", *wide)
    assert (failed.code, failed.out) == (1, "")
    assert re.fullmatch(r"nnlab: out of memory: .*; take a smaller architecture or batch_size\n", failed.err)
    assert not (lab.folder / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "linear.yaml", "epochs=2"],
        ["eval"],
        ["compare", "--all"],
        ["data", "list"],
        ["--help"],
        ["config", "check", "nosuch.yaml"],
    ],
)
@pytest.mark.usefixtures("run")
def test_a_terminal_of_20_columns_is_wide_enough(lab: Laboratory, arguments: list[str]) -> None:
    code, text, _ = lab.on_a_terminal(*arguments, columns=20)
    assert code == (2 if "nosuch.yaml" in arguments else 0), text
    assert "Traceback" not in text
    if arguments[0] == "compare":
        assert "linear-001" in text
        assert "finis" in text
    if arguments[0] == "eval":
        assert re.search(r"accuracy +\d\d\.\d\d%", text)
