from __future__ import annotations

from pathlib import Path

import pytest

from stepwell.cloud.terraform import cli_environment

HOST = "registry.example.org"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine's root folder with a home and a mirror three folders deep."""
    (tmp_path / "home").mkdir()
    (tmp_path / f"opt/a/mirror/{HOST}/hashicorp/aws/5.100.0").mkdir(parents=True)
    return tmp_path


def look(machine: Path, **environ: str) -> dict[str, str]:
    return cli_environment({"HOME": str(machine / "home"), **environ}, machine / "home", machine)


def test_a_mirror_is_named_to_terraform(machine: Path) -> None:
    """A mirror of the provider anywhere near the root becomes the only source of its host's providers."""
    path = look(machine, TF_CLI_CONFIG_FILE=str(machine / "missing"))["TF_CLI_CONFIG_FILE"]
    assert Path(path).read_text() == (
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f'    path    = "{machine}/opt/a/mirror"\n'
        f'    include = ["{HOST}/*/*"]\n'
        "  }\n"
        "  direct {\n"
        f'    exclude = ["{HOST}/*/*"]\n'
        "  }\n"
        "}\n"
    )


def test_a_configuration_of_the_users_is_left_alone(machine: Path) -> None:
    """With a TF_CLI_CONFIG_FILE that exists, or a .terraformrc, and no mirror in it, nothing is set."""
    config = machine / "tf.rc"
    config.touch()
    assert look(machine, TF_CLI_CONFIG_FILE=str(config)) == {}
    (machine / "home/.terraformrc").touch()
    assert look(machine) == {}


def test_a_mirror_where_terraform_looks_needs_no_configuration(machine: Path) -> None:
    """A mirror in an implied mirror folder is found by Terraform itself, but not by `providers lock`."""
    mirror = machine / "home/.terraform.d/plugins"
    (mirror / f"{HOST}/hashicorp/aws").mkdir(parents=True)
    assert look(machine) == {"TF_CLI_ARGS_providers_lock": f"-fs-mirror={mirror}"}


def test_providers_are_locked_from_the_mirror(machine: Path) -> None:
    """`providers lock` is sent to the mirror found, and to one that the user's configuration names."""
    expected = f"-fs-mirror={machine}/opt/a/mirror"
    found = look(machine)
    assert found["TF_CLI_ARGS_providers_lock"] == expected
    assert look(machine, TF_CLI_CONFIG_FILE=found["TF_CLI_CONFIG_FILE"]) == {
        "TF_CLI_ARGS_providers_lock": expected
    }


def test_without_a_mirror_terraform_goes_to_its_registry(machine: Path) -> None:
    """A mirror too deep, or of other providers, sets nothing."""
    (machine / "opt/a/mirror").rename(machine / "opt/a/deep")
    (machine / "opt/a/b").mkdir()
    (machine / "opt/a/deep").rename(machine / "opt/a/b/deep")
    (machine / f"opt/{HOST}/hashicorp/random").mkdir(parents=True)
    assert look(machine) == {}


def test_a_temporary_folder_is_no_mirror(machine: Path) -> None:
    """Where another Terraform locks or installs providers while we look, its folders are passed by."""
    (machine / f"tmp/terraform-providers-lock1/{HOST}/hashicorp/aws").mkdir(parents=True)
    (machine / f"home/.terraform/providers/{HOST}/hashicorp/aws").mkdir(parents=True)
    assert look(machine)["TF_CLI_ARGS_providers_lock"] == f"-fs-mirror={machine}/opt/a/mirror"
    (machine / "opt/a/mirror").rename(machine / "scratch")
    assert "TF_CLI_CONFIG_FILE" in look(machine)
    assert look(machine, TMPDIR="/var/scratch") == {}
