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


def test_without_a_lock_file_the_way_is_to_record_the_run_with_one():
    made = {"outputs": {"model": "iris_clf", "model_version": "v0.1.0"}}

    (finding,) = (each for each in judged(valid(), valid().run("r", env={}, **made)) if each.code == "MLV302")
    assert finding.keep[0] == (
        "rm runs/r.yaml && git mlv record iris_clf v0.1.0 --id r --code 9f2e1c4 --data iris_v0.1 --lock FILE"
    )

    moved = valid().run("r", env={"container_image": "ghcr.io/org/ml:1.2.3"}, **made)
    (finding,) = (each for each in judged(valid(), moved) if each.code == "MLV302")
    assert not any("git mlv record" in way for way in finding.keep)


def test_a_run_that_is_published_gets_another_record_under_another_id():
    made = {"outputs": {"model": "iris_clf", "model_version": "v0.1.0"}}
    after = valid().run("r", env={}, **made)

    (pushed,) = (each for each in judged(valid(), after, "push") if each.code == "MLV302")
    assert pushed.keep[0] == "git mlv record iris_clf v0.1.0 --id r-2 --code 9f2e1c4 --data iris_v0.1 --lock FILE"
    assert pushed.undo == ()

    before = valid().put("mlv.yaml", "run_lock: required\n")
    (refusal,) = (each for each in judged(before, before.run("r", env={}, **made), "push") if each.code == "MLV302")
    assert refusal.keep[0].startswith("rm runs/r.yaml && git mlv record iris_clf v0.1.0 --id r ")
