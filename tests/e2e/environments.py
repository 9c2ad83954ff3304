"""Virtual environments in the cache, each with one pinned package of Python's registry, made when first asked for."""
import os
import pathlib
import shutil
import subprocess
import sys

CACHE = pathlib.Path(os.environ.get("PENSTOCK_CACHE", pathlib.Path.home() / ".cache" / "penstock"))


def python_with(package, version):
    """The Python that can import the package."""
    home = CACHE / f"{package}-{version}"
    python = home / "bin" / "python"
    if not (home / ".complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "-q", "--disable-pip-version-check", "install", f"{package}=={version}"],
                       check=True)
        (home / ".complete").touch()
    return python
