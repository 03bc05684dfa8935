from tests.rules.world import codes, judged, refused, valid

LOCK = "sha256:" + "1" * 64
IMAGE = "ghcr.io/org/ml@sha256:" + "0" * 64


def test_an_open_environment_warns():
    for env in ({}, {"python": "3.10"}, {"container_image": "ghcr.io/org/ml:1.2.3"}):
        (finding,) = judged(valid(), valid().run("r", env=env))
        assert (finding.code, finding.severity) == ("MLV302", "warning")
        assert refused(valid(), valid().run("r", env=env), "push") == []


def test_a_lock_or_an_image_by_digest_passes():
    for env in (
        {"requirements_lock": LOCK},
        {"container_image": IMAGE},
        {"requirements_lock": "env/requirements.lock"},
    ):
        assert codes(valid(), valid().run("r", env=env)) == []


def test_a_repository_may_require_a_lock():
    before = valid().put("mlv.yaml", "run_lock: required\n")

    assert refused(before, before.run("r", env={})) == []
    assert refused(before, before.run("r", env={}), "push") == ["MLV302"]


def test_a_lock_that_is_not_the_one_of_the_code_commit_warns():
    after = valid().run("r", env={"requirements_lock": LOCK})
    asked = []

    def other(commit: str, path: str) -> str:
        asked.append((commit, path))
        return "2" * 64

    assert codes(valid(), after, file_sha256_at=other) == ["MLV302"]
    assert asked == [("9f2e1c4", "env/requirements.lock")]
    assert codes(valid(), after, file_sha256_at=lambda *_: "1" * 64) == []
    assert codes(valid(), after, file_sha256_at=lambda *_: None) == []


def test_a_record_that_only_moved_is_not_asked_again():
    before = valid().put("mlv.yaml", "mode: enforce\n").run("r", env={})

    assert codes(before, before.move("", "project")) == []
