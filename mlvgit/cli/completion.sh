# What bash, zsh and fish ask: `__git_mlv_candidates CURRENT WORD...` prints the words that may stand where CURRENT is
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
			printf '%s=%s\n' "$option" "$line"
		done
		;;
	-*) __git_mlv_options "$at" | __git_mlv_begin "$current" ;;
	*) __git_mlv_kind "$(__git_mlv_place "$at $number")" "$first" | __git_mlv_begin "$current" ;;
	esac
)

__git_mlv_begin () { # TEXT: of the lines on standard input, those that begin with it
	while IFS= read -r line; do
		case $line in
		"$1"* | :files) printf '%s\n' "$line" ;;
		esac
	done
}

__git_mlv_verbs () { # TEXT: no options, unless one was begun
	case $1 in
	-*) cat ;;
	*) sed '/^-/d' ;;
	esac
}

__git_mlv_kind () { # KIND FIRST: every word of this kind; FIRST is the first argument that was typed
	case $1 in
	=*) printf '%s\n' "${1#=}" | tr , '\n' ;;
	files) echo :files ;;
	commands) __git_mlv_commands ;;
	datasets) __git_mlv_frozen | sed -n 's/@.*//p' | sort -u ;;
	snapshots) __git_mlv_frozen | sed -n 'p
s/@.*/@latest/p' | sort -u ;;
	models) __git_mlv_versions | sed 's/@.*//' | sort -u ;;
	versions) __git_mlv_versions | sed -n "s/^$(printf %s "$2" | tr -cd 'A-Za-z0-9_-')@v/v/p" ;;
	modelrefs) { __git_mlv_versions; __git_mlv_stages; } | sort -u ;;
	refs) { __git_mlv_frozen; __git_mlv_versions; __git_mlv_stages; } | sort -u ;;
	taken) __git_mlv_versions | sed 's/@/=/' ;;
	stages) { printf '%s\n' dev staging production archived; __git_mlv_stages | sed 's/.*@//'; __git_mlv_named; } | sort -u ;;
	commits) git for-each-ref --format='%(refname:short)' refs/heads refs/tags refs/remotes 2>/dev/null ;;
	esac
}

__git_mlv_list () { # GLOB: tracked files, from the top
	git ls-files --full-name -- ":(top,glob)**/$1" 2>/dev/null
}

__git_mlv_frozen () { # every snapshot, as iris@v0.1
	__git_mlv_list '*_v[0-9]*.manifest.json' |
		sed -n 's|^\(.*/\)\{0,1\}\([A-Za-z0-9][A-Za-z0-9_.-]*\)_\(v[0-9][0-9.]*\)\.manifest\.json$|\2@\3|p'
}

__git_mlv_versions () { # every model version, as iris_clf@v0.1.0
	__git_mlv_list 'v[0-9]*.manifest.json' |
		sed -n 's|^\(.*/\)\{0,1\}\([A-Za-z0-9][A-Za-z0-9_-]*\)/\(v[0-9][0-9A-Za-z.+-]*\)\.manifest\.json$|\2@\3|p'
}

__git_mlv_stages () { # every stage that a model has a version in, as iris_clf@production
	git grep -G -o --full-name --no-color --no-line-number --no-column -e '"stage": *"[A-Za-z0-9_-]*"' \
		-- ':(top,glob)**/registry.json' 2>/dev/null |
		sed -n 's|^\(.*/\)\{0,1\}\([A-Za-z0-9][A-Za-z0-9_-]*\)/registry\.json:"stage": *"\([^"]*\)"$|\2@\3|p' | sort -u
}

__git_mlv_named () { # the stages that mlv.yaml names, one on a line below `stages:`
	top=$(git rev-parse --show-toplevel 2>/dev/null) || return 0
	sed -n '/^stages:/,/^[^ #]/s/^  \([A-Za-z0-9_-]\{1,\}\):.*/\1/p' "$top/mlv.yaml" 2>/dev/null
}
