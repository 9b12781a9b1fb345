"""What stands behind `make run` and every other make target that needs the environment.

    python3 deploy/bootstrap.py run       make the environment, prepare the demo and serve it
    python3 deploy/bootstrap.py venv      make .venv from requirements.lock
    python3 deploy/bootstrap.py venv dev  make .venv from requirements-dev.lock

Whatever is missing ends it with one line on stderr and exit code 1. The file keeps to syntax that
old Pythons parse, so that theirs is that line too and not a SyntaxError.
"""

import ctypes
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

OLDEST = (3, 11)
PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(PROJECT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "portal-locks.txt")
LOCKS = {"prod": "requirements.lock", "dev": "requirements-dev.lock"}


def fail(line):
    """End the process with one line that says what is wrong and what to do."""
    sys.exit("error: " + line)


def check_python():
    """Refuse a Python that is too old, or that cannot make environments."""
    if sys.version_info < OLDEST:
        fail(
            "Python %d.%d or newer is needed, and this is %d.%d (%s). Install it, or name another: "
            "make run PYTHON=python3.12" % (OLDEST + sys.version_info[:2] + (sys.executable,))
        )
    # Debian ships `venv` without `ensurepip`, which only its package python3-venv brings.
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        fail("Python's venv module is missing. On Debian: apt-get install python3-venv")


def digest(*paths):
    """Return the SHA-256 of the files' names and contents, folders walked through."""
    result = hashlib.sha256()
    for path in paths:
        if os.path.isdir(path):
            files = [os.path.join(at, name) for at, _, names in os.walk(path) for name in names]
        else:
            files = [path]
        for name in sorted(files):
            with open(name, "rb") as file:
                content = hashlib.sha256(file.read()).hexdigest()
            result.update((os.path.relpath(name, PROJECT) + "\0" + content + "\n").encode())
    return result.hexdigest()


def read(path):
    """Return the file's text, or an empty string when there is no such file."""
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write(path, text):
    """Write the text to a file beside `path` and move it there, so that no half file is left."""
    with open(path + ".new", "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


def make_venv(kind):
    """Bring .venv to what the lock of `kind` ("prod" or "dev") says; quick when it is there.

    The development lock holds everything of the other in the same versions, so one environment
    serves both.
    """
    wanted = digest(os.path.join(PROJECT, LOCKS[kind]))
    try:
        version = subprocess.check_output(
            [PYTHON, "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])"],
            stderr=subprocess.DEVNULL,
        )
        usable = version.decode().strip() == "%d.%d" % sys.version_info[:2]
    except (OSError, subprocess.CalledProcessError):
        usable = False
    if usable and wanted in read(STAMP).split():
        return
    if not usable:
        print("Making the environment .venv ...", flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        made = subprocess.run(
            [sys.executable, "-m", "venv", VENV],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        if made.returncode:
            last = (made.stdout.strip().splitlines() or ["no reason given"])[-1]
            fail("could not make .venv (" + last + "). On Debian: apt-get install python3-venv")
    print("Installing " + LOCKS[kind] + " ...", flush=True)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-input"]
    if os.geteuid() == 0:
        pip.append("--root-user-action=ignore")
    pip += ["--require-hashes", "--only-binary", ":all:", "-r", os.path.join(PROJECT, LOCKS[kind])]
    if subprocess.call(pip):
        fail("pip could not install " + LOCKS[kind] + "; its reason stands above.")
    kinds = ["prod", "dev"] if kind == "dev" else ["prod"]
    write(STAMP, "\n".join(digest(os.path.join(PROJECT, LOCKS[each])) for each in kinds) + "\n")


def free_port():
    """Return the port that PORT names (8000 when unset); end the process when it is taken."""
    text = os.environ.get("PORT") or "8000"
    if not (text.isdigit() and 0 < int(text) < 65536):
        fail("PORT is " + repr(text) + "; it must be a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except PermissionError:
            fail("Port " + text + " is for root alone. Name another: PORT=8001 make run")
        except OSError:
            fail("Port " + text + " is taken. Stop what listens there, or: PORT=8001 make run")
    return int(text)


def demo_environment(port):
    """Return the environment of the demo's processes, whatever the caller's own says."""
    environment = dict(os.environ)
    if environment.get("PORTAL_ENV", "demo") == "production":
        fail("make run is for the demo; PORTAL_ENV=production is served as docs/install.md says.")
    var = os.path.abspath(environment.get("PORTAL_VAR") or os.path.join(PROJECT, "var"))
    environment.update(
        PORT=str(port),
        PORTAL_ENV="demo",
        PORTAL_VAR=var,
        DEBUG="false",
        DJANGO_SETTINGS_MODULE="cluster_portal.settings",
        PYTHONUNBUFFERED="1",
    )
    environment.pop("GUNICORN_CMD_ARGS", None)
    environment.pop("PYTHONWARNINGS", None)
    return environment


def manage(environment, *arguments):
    """Run one management command; end the process when it fails, which it explains itself."""
    command = [PYTHON, os.path.join(PROJECT, "manage.py")] + list(arguments)
    code = subprocess.call(command, cwd=PROJECT, env=environment)
    if code:
        fail("manage.py " + " ".join(arguments) + " ended with code " + str(code) + ".")


def collect_static(environment):
    """Build the static files into var/static, unless nothing that they are made of has changed."""
    var = environment["PORTAL_VAR"]
    stamp = os.path.join(var, "static.stamp")
    sources = [os.path.join(PROJECT, "static"), os.path.join(PROJECT, "requirements.lock")]
    sources.append(os.path.join(PROJECT, "cluster_portal", "settings.py"))
    wanted = digest(*sources)
    built = os.path.exists(os.path.join(var, "static", "staticfiles.json"))
    if built and read(stamp).strip() == wanted:
        return
    print("Building the static files ...", flush=True)
    manage(environment, "collectstatic", "--noinput", "--clear", "--verbosity", "0")
    write(stamp, wanted + "\n")


def end_with_parent():
    """In a child before it starts: be ended by the kernel when the parent is (Linux only)."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    except (AttributeError, OSError):
        pass


def start(environment, arguments, log=None):
    """Start a child process in a group of its own, so that a Ctrl-C reaches it through us alone."""
    return subprocess.Popen(
        [PYTHON] + arguments,
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT if log else None,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )


def stop(process):
    """End a child and all that it started: politely, and after 25 seconds by force."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(25)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def answers(port):
    """Tell whether something accepts connections on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def serve(environment, port):
    """Run the server and the outbox until a signal comes; return the exit code."""
    logs = os.path.join(environment["PORTAL_VAR"], "log")
    os.makedirs(logs, exist_ok=True)
    site = "http://127.0.0.1:" + str(port)
    gunicorn = ["-m", "gunicorn", "-c", os.path.join(PROJECT, "deploy", "gunicorn.conf.py")]
    outbox = [os.path.join(PROJECT, "manage.py"), "send_outbox", "--loop"]
    children = []

    def interrupted(number, frame):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    with open(os.path.join(logs, "outbox.log"), "a") as outbox_log:
        try:
            server = start(environment, gunicorn)
            children.append(server)
            sender = start(environment, outbox, outbox_log)
            children.append(sender)
            until = time.monotonic() + 30
            while not answers(port) and server.poll() is None and time.monotonic() < until:
                time.sleep(0.1)
            if server.poll() is None:
                print("", "The site:            " + site + "/", sep="\n")
                print("The coordinators:    " + site + "/desk/")
                print("The administration:  " + site + "/admin/")
                print("Logs lie in " + logs + ". Ctrl-C ends it.", flush=True)
            restart_at = None
            while server.poll() is None:
                time.sleep(0.5)
                if sender.poll() is not None and restart_at is None:
                    restart_at = time.monotonic() + 30
                elif restart_at is not None and time.monotonic() > restart_at:
                    children.remove(sender)
                    sender = start(environment, outbox, outbox_log)
                    children.append(sender)
                    restart_at = None
            print("The server ended by itself; see " + os.path.join(logs, "error.log"))
            return 1
        except KeyboardInterrupt:
            print("\nStopping ...", flush=True)
            return 0
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            for child in children:
                stop(child)


def run():
    """Make all that is missing and serve the demo."""
    port = free_port()
    make_venv("prod")
    # The demo's database holds what people typed, its files the passwords: the owner's alone.
    os.umask(0o077)
    environment = demo_environment(port)
    os.makedirs(environment["PORTAL_VAR"], exist_ok=True)
    manage(environment, "migrate", "--noinput", "--verbosity", "0")
    manage(environment, "load_content")
    collect_static(environment)
    manage(environment, "demo_accounts")
    return serve(environment, port)


def main(arguments):
    """Do what the arguments say; return the exit code."""
    check_python()
    try:
        if arguments == ["run"]:
            return run()
        if arguments in (["venv"], ["venv", "dev"]):
            make_venv(arguments[-1] if len(arguments) > 1 else "prod")
            return 0
    except KeyboardInterrupt:
        return 130
    fail("use: bootstrap.py run | venv | venv dev")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
