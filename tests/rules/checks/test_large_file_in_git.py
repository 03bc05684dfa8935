from tests.rules.world import World, codes, judged, refused, valid

BEFORE = valid().put("mlv.yaml", "limits: {file_in_git: 1 KiB}\n")


def test_a_new_file_over_the_limit_is_refused():
    after = BEFORE.snapshot("iris", "v0.3", {"big.csv": b"x" * 1025})

    (finding,) = judged(BEFORE, after)

    assert (finding.code, finding.severity) == ("MLV107", "error")
    assert finding.message == "1.0 KiB in Git, over the limit of 1.0 KiB"
    assert refused(BEFORE, after, "push") == ["MLV107"]


def test_a_file_of_exactly_the_limit_passes():
    assert codes(BEFORE, BEFORE.snapshot("iris", "v0.3", {"big.csv": b"x" * 1024})) == []


def test_loose_files_below_our_folders_count():
    assert refused(BEFORE, BEFORE.put("models/big.bin", b"x" * 2000)) == ["MLV107"]


def test_files_outside_our_folders_are_not_ours():
    assert codes(BEFORE, BEFORE.put("docs/film.mp4", b"x" * 5000)) == []


def test_a_file_that_was_only_renamed_is_not_new():
    before = BEFORE.put("models/big.bin", b"x" * 2000)

    assert codes(before, before.move("models/big.bin", "models/large.bin")) == []


def test_the_limit_cannot_be_raised_by_the_change_itself():
    after = BEFORE.put("mlv.yaml", "limits: {file_in_git: 1 GiB}\n").put("models/big.bin", b"x" * 2000)

    assert refused(BEFORE, after) == ["MLV107"]
    assert refused(BEFORE, after, "push") == ["MLV107", "MLV108"]


def test_the_first_settings_of_a_repository_count_from_the_start():
    after = World().put("mlv.yaml", "limits: {file_in_git: 1 KiB}\n").put("models/big.bin", b"x" * 2000)

    assert refused(World(), after, trusted={}) == ["MLV107"]
