"""--glob: URLs that stand for many."""


def test_01_sets_and_ranges(ctl, origin, daemon, room):
    jobs = ctl.add("--glob", "-o", "#1-#2.bin", origin.url("/bytes/{10,20}/f[01-03]"))
    assert ctl.wait(*jobs).code == 0
    assert [(job["name"], job["size"]) for job in (ctl.job(j) for j in jobs)] == [
        (f"{size}-0{i}.bin", size) for size in (10, 20) for i in (1, 2, 3)]


def test_02_only_on_request(ctl, origin, daemon):
    [job] = ctl.add(origin.url("/bytes/10/%7Ba,b%7D"))
    assert ctl.job(job)["url"].endswith("/bytes/10/%7Ba,b%7D")


def test_03_what_makes_no_sense_adds_nothing(ctl, daemon):
    for pattern, where in [("http://127.0.0.1/{a", 18), ("http://127.0.0.1/[3-1]", 18), ("http://127.0.0.1/a]", 19)]:
        result = ctl("add", "--glob", "http://127.0.0.1/ok", pattern)
        assert result.code == 2 and f"{pattern}, byte {where}: " in result.err and result.out == ""
    for more, words in [(("-o", "name"), "put #1 into it"), (("--key", "k"), "--key is for one URL"),
                        (("--checksum", "md5=" + "0" * 32), "--checksum is for one URL")]:
        result = ctl("add", "--glob", *more, "http://127.0.0.1/[1-3]")
        assert result.code == 2 and words in result.err and result.out == ""
    assert ctl.ok("list", "--json").lines == []
