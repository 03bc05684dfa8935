# fish completion of git mlv; written by python -m mlvgit.cli.generate; do not edit.

set -g __git_mlv_script '# What bash, zsh and fish ask: `__git_mlv_candidates CURRENT WORD...` prints the words that may stand where CURRENT is
# being typed, each with a tab and a description where there is one; `:files` stands for names of files. WORD... are
# what stands between `git mlv` and CURRENT. POSIX sh; no interpreter is started, only git ls-files and sed.
__git_mlv_candidates () (
	current=$1
	shift
	while [ "${1-}" = -C ]; do
		[ $# -gt 1 ] || { echo :files; return; }
		cd -- "$2" 2>/dev/null || return
		shift 2
	done
	[ $# -gt 0 ] || { __git_mlv_commands | __git_mlv_begin "$current"; return; }
	at=$1
	shift
	if __git_mlv_has_verbs "$at"; then
		[ $# -gt 0 ] || { __git_mlv_options "$at" | __git_mlv_verbs "$current" | __git_mlv_begin "$current"; return; }
		at="$at $1"
		shift
	fi
	kind= number=1 first= only=
	for word in "$@"; do
		if [ -n "$kind" ]; then
			kind=
			continue
		fi
		case $only$word in
		--) only=/ ;; # what follows is no option
		--*=*) ;;
		-*) kind=$(__git_mlv_value "$at $word") ;;
		*)
			[ $number != 1 ] || first=$word
			number=$((number + 1))
			;;
		esac
	done
	if [ -n "$kind" ]; then
		__git_mlv_kind "$kind" "$first" | __git_mlv_begin "$current"
		return
	fi
	case $only$current in
	--*=*)
		option=${current%%=*}
		kind=$(__git_mlv_value "$at $option")
		__git_mlv_kind "${kind:-none}" "$first" | __git_mlv_begin "${current#*=}" | while IFS= read -r line; do
			printf \'%s=%s\\n\' "$option" "$line"
		done
		;;
	-*) __git_mlv_options "$at" | __git_mlv_begin "$current" ;;
	*) __git_mlv_kind "$(__git_mlv_place "$at $number")" "$first" | __git_mlv_begin "$current" ;;
	esac
)

__git_mlv_begin () { # TEXT: of the lines on standard input, those that begin with it
	while IFS= read -r line; do
		case $line in
		"$1"* | :files) printf \'%s\\n\' "$line" ;;
		esac
	done
}

__git_mlv_verbs () { # TEXT: no options, unless one was begun
	case $1 in
	-*) cat ;;
	*) sed \'/^-/d\' ;;
	esac
}

__git_mlv_kind () { # KIND FIRST: every word of this kind; FIRST is the first argument that was typed
	case $1 in
	=*) printf \'%s\\n\' "${1#=}" | tr , \'\\n\' ;;
	files) echo :files ;;
	commands) __git_mlv_commands ;;
	datasets) __git_mlv_frozen | sed -n \'s/@.*//p\' | sort -u ;;
	snapshots) __git_mlv_frozen | sed -n \'p
s/@.*/@latest/p\' | sort -u ;;
	models) __git_mlv_versions | sed \'s/@.*//\' | sort -u ;;
	versions) __git_mlv_versions | sed -n "s/^$(printf %s "$2" | tr -cd \'A-Za-z0-9_-\')@v/v/p" ;;
	modelrefs) { __git_mlv_versions; __git_mlv_stages; } | sort -u ;;
	refs) { __git_mlv_frozen; __git_mlv_versions; __git_mlv_stages; } | sort -u ;;
	taken) __git_mlv_versions | sed \'s/@/=/\' ;;
	stages) { printf \'%s\\n\' dev staging production archived; __git_mlv_stages | sed \'s/.*@//\'; __git_mlv_named; } | sort -u ;;
	commits) git for-each-ref --format=\'%(refname:short)\' refs/heads refs/tags refs/remotes 2>/dev/null ;;
	esac
}

__git_mlv_list () { # GLOB: tracked files, from the top
	git ls-files --full-name -- ":(top,glob)**/$1" 2>/dev/null
}

__git_mlv_frozen () { # every snapshot, as iris@v0.1
	__git_mlv_list \'*_v[0-9]*.manifest.json\' |
		sed -n \'s|^\\(.*/\\)\\{0,1\\}\\([A-Za-z0-9][A-Za-z0-9_.-]*\\)_\\(v[0-9][0-9.]*\\)\\.manifest\\.json$|\\2@\\3|p\'
}

__git_mlv_versions () { # every model version, as iris_clf@v0.1.0
	__git_mlv_list \'v[0-9]*.manifest.json\' |
		sed -n \'s|^\\(.*/\\)\\{0,1\\}\\([A-Za-z0-9][A-Za-z0-9_-]*\\)/\\(v[0-9][0-9A-Za-z.+-]*\\)\\.manifest\\.json$|\\2@\\3|p\'
}

__git_mlv_stages () { # every stage that a model has a version in, as iris_clf@production
	git grep -G -o --full-name --no-color --no-line-number --no-column -e \'"stage": *"[A-Za-z0-9_-]*"\' \\
		-- \':(top,glob)**/registry.json\' 2>/dev/null |
		sed -n \'s|^\\(.*/\\)\\{0,1\\}\\([A-Za-z0-9][A-Za-z0-9_-]*\\)/registry\\.json:"stage": *"\\([^"]*\\)"$|\\2@\\3|p\' | sort -u
}

__git_mlv_named () { # the stages that mlv.yaml names, one on a line below `stages:`
	top=$(git rev-parse --show-toplevel 2>/dev/null) || return 0
	sed -n \'/^stages:/,/^[^ #]/s/^  \\([A-Za-z0-9_-]\\{1,\\}\\):.*/\\1/p\' "$top/mlv.yaml" 2>/dev/null
}

__git_mlv_commands () {
	cat <<\'WORDS\'
init	make this repository an mlv root: settings, attributes, hooks
install	set up the guards (Git hooks, merge driver) in this clone
uninstall	take the guards out again, and put back what was there
doctor	prove what is guarded here, and say what is not
demo	see the whole way on a real data set, in a throw-away repository
status	one screen: what serves, what is new, what to do next
log	who was in which stage when, and why
check	judge the change in the working directory, a range, or everything
explain	what a rule finds, why, and the way out
verify	re-hash frozen files and compare them with their manifests
snapshot	create, list, show, diff, path: frozen data sets
manifest	hash a folder or a bucket where it lies, to be committed elsewhere
restore	put a frozen thing back as it was frozen
retire	remove bytes on purpose, everywhere; the manifest stays and says so
discard	take back a version that is not published
renumber	give a version that is not published another number
model	add, list, show, diff, path: model versions
record	write the record of the run that made a model version
comment	add a comment to a model version
tag-model	tag the commit that holds a model version
promote	put a model version into a stage
rollback	put back what was in production before
push	push the branch, its model tags and their bytes, all or nothing
pull	get the bytes that Git does not hold
drop	let go of bytes that a remote proves to hold
gc	remove bytes that nothing needs
fsck	hash every object of the store; heal what is damaged
remote	list, add, test: where bytes go that Git does not hold
resolve	print the verified path of what serves
merge	--repair: mend a conflicted registry
help	help on a command or a topic
WORDS
}

__git_mlv_has_verbs () { # COMMAND
	case $1 in
	snapshot|model|remote) ;;
	*) return 1 ;;
	esac
}

__git_mlv_options () { # COMMAND: its verbs and options
	case $1 in
	\'init\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--dry-run	only say what would be done
--no-hooks	leave the hooks of this clone alone
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'install\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--server	the guard of a bare repository (pre-receive)
--dry-run	only say what would be done
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'uninstall\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'doctor\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'demo\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--dataset	shipped by scikit-learn (iris)
--keep	make the repository here, and leave it to explore
WORDS
		;;
	\'status\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--at	answer from this commit, or from what the release branch was at the end of a date (UTC)
--released	answer from the release branch as last fetched
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'log\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
-n	at most so many events a model (20); 0 for all
--number	at most so many events a model (20); 0 for all
--stage	only what entered or left this stage
--at	answer from this commit, or from what the release branch was at the end of a date (UTC)
--released	answer from the release branch as last fetched
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'check\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--all	judge everything, also what was wrong before
--each	refuse also what a commit of the range broke and a later one mended
--remote	ask the remotes of mlv.yaml whether they have the bytes that the range, or everything, needs; none move
--format
--json	the same as --format json
WORDS
		;;
	\'explain\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--json
WORDS
		;;
	\'verify\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'snapshot\')
		cat <<\'WORDS\'
create	freeze a new snapshot
list	what is frozen
show	a manifest in words
path	the verified folder, for a script
diff	what differs between two snapshots
-h	show this help message and exit
--help	show this help message and exit
WORDS
		;;
	\'snapshot create\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--bump	count on from the newest version, in place of VERSION
--base	go on from this snapshot; --add and --remove say what differs
--add
--remove
--from	lineage: what it was made from
--notes
--source	where the data came from
--owner
--license
--replace	let a version that is not published give way
--manifest	commit what git mlv manifest listed elsewhere, once a remote has said that the bytes are there; none of them comes here (git mlv pull does that)
--storage	who holds the bytes: Git; the store, for what is too large for Git; auto: the store from limits.git_limit on (the default once mlv.yaml names a remote, else git)
--move	take the sources in without a second copy; they are gone when all is in place
--dereference	follow symlinks that stay inside the source (or a Hugging Face cache)
-m	commit what this command wrote, and nothing else
--message	commit what this command wrote, and nothing else
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'snapshot list\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--at	answer from this commit, or from what the release branch was at the end of a date (UTC)
--released	answer from the release branch as last fetched
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'snapshot show\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--at	answer from this commit, or from what the release branch was at the end of a date (UTC)
--released	answer from the release branch as last fetched
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'snapshot path\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--at	answer from this commit, or from what the release branch was at the end of a date (UTC)
--released	answer from the release branch as last fetched
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'snapshot diff\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--rows	show the rows that differ, not only their number
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'manifest\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
-o	where the list is written
--output	where the list is written
--dereference	follow symlinks that stay inside the folder (or a Hugging Face cache)
--to	also bring the bytes to this remote of bytes, but for what it has
--endpoint	the address of the bucket\'s server, of both when both are buckets
--to-endpoint	the address of --to, where it is another one
--executor	what hashes: threads, processes, or dask:tcp://HOST:PORT, whose workers see the same data (default threads)
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'restore\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'retire\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--sha256	the file with these bytes
--reason	why; the manifests say it for good
--yes	remove
-n	only say what would go (so it is without --yes)
--dry-run	only say what would go (so it is without --yes)
-m	commit what this command wrote, and nothing else
--message	commit what this command wrote, and nothing else
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'discard\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
-m	commit what this command wrote, and nothing else
--message	commit what this command wrote, and nothing else
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'renumber\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
-m	commit what this command wrote, and nothing else
--message	commit what this command wrote, and nothing else
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'model\')
		cat <<\'WORDS\'
add	freeze a new version
list	versions and their stages
show	a version in words
path	the verified folder or file
diff	metrics, params and data of two versions side by side
-h	show this help message and exit
--help	show this help message and exit
WORDS
		;;
	\'model add\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--bump	count on from the newest version, in place of VERSION
--metrics	an object in JSON or YAML; becomes metrics.json
--params	an object in JSON or YAML; becomes params.json
--data	what it was trained on; may be repeated
--run	the run that made it
--notes
--replace	let a version that is not published give way
--manifest	commit what git mlv manifest listed elsewhere, once a remote has said that the bytes are there; none of them comes here (git mlv pull does that)
--storage	who holds the bytes: Git; the store, for what is too large for Git; auto: the store from limits.git_limit on (the default once mlv.yaml names a remote, else git)
--move	take the sources in without a second copy; they are gone when all is in place
--dereference	follow symlinks that stay inside the source (or a Hugging Face cache)
-m	commit what this command wrote, and nothing else
--message	commit what this command wrote, and nothing else
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'model list\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--at	answer from this commit, or from what the release branch was at the end of a date (UTC)
--released	answer from the release branch as last fetched
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'model show\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--at	answer from this commit, or from what the release branch was at the end of a date (UTC)
--released	answer from the release branch as last fetched
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'model path\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--at	answer from this commit, or from what the release branch was at the end of a date (UTC)
--released	answer from the release branch as last fetched
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'model diff\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--at	answer from this commit, or from what the release branch was at the end of a date (UTC)
--released	answer from the release branch as last fetched
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'record\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--id	run id (DATE-MODEL-VERSION)
--data
--code	what was checked out when the run started (HEAD)
--params	more parameters, an object in JSON or YAML
--metrics	more metrics, an object in JSON or YAML
--lock	lock file (env/requirements.lock, uv.lock, ...)
--image	container image, best with @sha256:...
--python	Python of the run (this one)
--command	what was run
-m	commit what this command wrote, and nothing else
--message	commit what this command wrote, and nothing else
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'comment\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
-m	commit what this command wrote, and nothing else
--message	commit what this command wrote, and nothing else
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'tag-model\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--commit	the commit to tag (HEAD)
--sign	sign it with Git\'s own gpg or ssh signing
--verify	check an existing tag and its signature instead
-m	a sentence for people
--message	a sentence for people
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'promote\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--tag	tag the version first
-m	why; kept in the commit
--message	why; kept in the commit
--no-commit	change and stage the registry only
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'rollback\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
-m	why; kept in the commit
--message	why; kept in the commit
--no-commit	change and stage the registry only
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'push\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
-q	no progress and no result: only what is wrong
--quiet	no progress and no result: only what is wrong
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'pull\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--all	every version
-I	only files that fit, as in .gitignore: \'*.csv\' in any folder, \'train\' all below it; may be given several times
--include	only files that fit, as in .gitignore: \'*.csv\' in any folder, \'train\' all below it; may be given several times
-X	no files that fit, as in .gitignore: \'*.csv\' in any folder, \'train\' all below it; may be given several times
--exclude	no files that fit, as in .gitignore: \'*.csv\' in any folder, \'train\' all below it; may be given several times
-n	only say what would come
--dry-run	only say what would come
-q	no progress and no result: only what is wrong
--quiet	no progress and no result: only what is wrong
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'drop\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--keep-newest	leave N versions of each dataset and model
--older-than	only what was frozen longer ago: 90d, 12h, 4w
--verify	have the remote give every byte, and hash it, before
-n	only say what would go
--dry-run	only say what would go
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'gc\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
-n	only say what would go
--dry-run	only say what would go
--grace	leave what is younger: 14d (the default), 12h, 0
--remote	on this remote of mlv.yaml, not in the store
--yes	with --remote: remove
--quarantine	remove damaged objects that were set aside, too
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'fsck\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--remote	look through this remote of mlv.yaml instead (by itself the first): reads every byte of it
--set-aside	with --remote: move what stands there in place of a list of extents and is none into this clone
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'remote\')
		cat <<\'WORDS\'
list	which there are, and which one is pushed to
add	name one in mlv.yaml
test	try it out with objects of random bytes, which are deleted again
-h	show this help message and exit
--help	show this help message and exit
WORDS
		;;
	\'remote list\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'remote add\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--endpoint	the server\'s address, where it is not the provider\'s
-m	commit what this command wrote, and nothing else
--message	commit what this command wrote, and nothing else
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'remote test\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'resolve\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--at	answer from this commit, or from what the release branch was at the end of a date (UTC)
--released	answer from the release branch as last fetched
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'merge\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
--repair	mend what is broken (`git merge` itself merges)
--take	the version that is meant; may be repeated
--json	print one JSON object (docs/json.md)
WORDS
		;;
	\'help\')
		cat <<\'WORDS\'
-h	show this help message and exit
--help	show this help message and exit
WORDS
		;;
	esac
}

__git_mlv_value () { # COMMAND OPTION in one word: what the option\'s value is
	case $1 in
	\'demo --dataset\') echo \'=iris,digits\' ;;
	\'demo --keep\' | \'snapshot create --add\' | \'snapshot create --manifest\' | \'manifest -o\' | \'manifest --output\' | \'model add --metrics\' | \'model add --params\' | \'model add --manifest\' | \'record --params\' | \'record --metrics\' | \'record --lock\') echo \'files\' ;;
	\'status --at\' | \'log --at\' | \'snapshot list --at\' | \'snapshot show --at\' | \'snapshot path --at\' | \'model list --at\' | \'model show --at\' | \'model path --at\' | \'model diff --at\' | \'record --code\' | \'tag-model --commit\' | \'resolve --at\') echo \'commits\' ;;
	\'log -n\' | \'log --number\' | \'snapshot create --remove\' | \'snapshot create --notes\' | \'snapshot create --source\' | \'snapshot create --owner\' | \'snapshot create --license\' | \'snapshot create -m\' | \'snapshot create --message\' | \'manifest --to\' | \'manifest --endpoint\' | \'manifest --to-endpoint\' | \'manifest --executor\' | \'retire --sha256\' | \'retire --reason\' | \'retire -m\' | \'retire --message\' | \'discard -m\' | \'discard --message\' | \'renumber -m\' | \'renumber --message\' | \'model add --run\' | \'model add --notes\' | \'model add -m\' | \'model add --message\' | \'record --id\' | \'record --image\' | \'record --python\' | \'record --command\' | \'record -m\' | \'record --message\' | \'comment -m\' | \'comment --message\' | \'tag-model -m\' | \'tag-model --message\' | \'promote -m\' | \'promote --message\' | \'rollback -m\' | \'rollback --message\' | \'pull -I\' | \'pull --include\' | \'pull -X\' | \'pull --exclude\' | \'drop --keep-newest\' | \'drop --older-than\' | \'gc --grace\' | \'gc --remote\' | \'fsck --remote\' | \'remote add --endpoint\' | \'remote add -m\' | \'remote add --message\') echo \'none\' ;;
	\'log --stage\') echo \'stages\' ;;
	\'check --format\') echo \'=text,json,sarif,github\' ;;
	\'snapshot create --bump\' | \'model add --bump\') echo \'=major,minor,patch\' ;;
	\'snapshot create --base\' | \'snapshot create --from\' | \'model add --data\' | \'record --data\') echo \'snapshots\' ;;
	\'snapshot create --storage\' | \'model add --storage\') echo \'=git,store,auto\' ;;
	\'merge --take\') echo \'taken\' ;;
	esac
}

__git_mlv_place () { # COMMAND NUMBER in one word: what this argument is
	case $1 in
	\'log 1\' | \'model add 1\' | \'model list 1\' | \'record 1\' | \'tag-model 1\' | \'promote 1\' | \'rollback 1\') echo \'models\' ;;
	\'check 1\') echo \'commits\' ;;
	\'explain 1\') echo \'=MLV101,MLV102,MLV103,MLV104,MLV105,MLV106,MLV107,MLV108,MLV201,MLV202,MLV203,MLV204,MLV205,MLV206,MLV301,MLV302,MLV303,MLV304,MLV401,MLV402,MLV501,MLV502,snapshot-changed-in-place,manifest-changed,manifest-stale,manifest-missing,unsafe-path,invalid-document,large-file-in-git,guard-weakened,version-removed,one-production,untagged-release,version-unbacked,unknown-stage,version-reused,run-dangling,run-unlocked,run-disagrees,run-changed,bytes-missing,bytes-corrupt,tag-moved,tag-disagrees\' ;;
	\'restore 1\' | \'retire 1\' | \'discard 1\' | \'renumber 1\' | \'resolve 1\') echo \'refs\' ;;
	\'snapshot create 1\' | \'snapshot list 1\') echo \'datasets\' ;;
	\'manifest 1\') echo \'files\' ;;
	\'snapshot show 1\' | \'snapshot path 1\' | \'snapshot diff 1\' | \'snapshot diff 2\') echo \'snapshots\' ;;
	\'model show 1\' | \'model path 1\' | \'model diff 1\' | \'model diff 2\' | \'comment 1\') echo \'modelrefs\' ;;
	\'record 2\' | \'tag-model 2\' | \'promote 2\' | \'rollback 2\') echo \'versions\' ;;
	\'promote 3\') echo \'stages\' ;;
	\'help 1\') echo \'commands\' ;;
	\'verify \'* | \'drop \'*) echo \'refs\' ;;
	\'snapshot create \'* | \'retire \'* | \'model add \'* | \'merge \'*) echo \'files\' ;;
	esac
}

__git_mlv_candidates "$@"
'

function __git_mlv_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l before
    while set -q typed[1]
        switch $typed[1]
            case mlv git-mlv '*/git-mlv'
                set -e typed[1]
                break
            case -C
                set before -C $typed[2]
        end
        set -e typed[1]
    end
    for line in (sh -c $__git_mlv_script git-mlv "$current" $before $typed 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end

complete -c git-mlv -f -a '(__git_mlv_complete)'
complete -c git -n '__fish_git_using_command mlv' -f -a '(__git_mlv_complete)'
