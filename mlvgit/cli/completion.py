"""Completion scripts for bash, zsh and fish, written from the shape of the command line. They start no interpreter."""

from collections.abc import Iterable
from pathlib import Path

from mlvgit.cli.shape import Shape

__all__ = ["bash", "fish", "zsh"]

GENERATED = "written by python -m mlvgit.cli.generate; do not edit"


def bash(shapes: Iterable[Shape]) -> str:
    """Write share/bash-completion/completions/git-mlv: git's own completion asks its function `_git_mlv`."""
    return f"# bash completion of git mlv; {GENERATED}.\n\n{_engine(shapes)}{_BASH}"


def zsh(shapes: Iterable[Shape]) -> str:
    """Write share/zsh/site-functions/_git-mlv: zsh's completion of git asks it."""
    return f"#compdef git-mlv\n# zsh completion of git mlv; {GENERATED}.\n\n{_engine(shapes)}{_ZSH}"


def fish(shapes: Iterable[Shape]) -> str:
    """Write share/fish/vendor_completions.d/git-mlv.fish, which runs the same functions in sh."""
    script = (_engine(shapes) + '__git_mlv_candidates "$@"\n').replace("\\", "\\\\").replace("'", "\\'")
    return f"# fish completion of git mlv; {GENERATED}.\n\nset -g __git_mlv_script '{script}'\n{_FISH}"


def _engine(shapes: Iterable[Shape]) -> str:
    listed = list(shapes)
    written = (Path(__file__).parent / "completion.sh").read_text("utf-8")
    return f"{written}\n{_tables(listed)}\n"


def _tables(shapes: list[Shape]) -> str:
    commands = [(shape.name, shape.summary) for shape in shapes if " " not in shape.name]
    with_verbs = "|".join(shape.name for shape in shapes if shape.verbs)
    summaries = {shape.name: shape.summary for shape in shapes}
    options = {}
    for shape in shapes:
        lines = [(flag, option.help) for option in shape.options for flag in option.flags]
        options[shape.name] = [*((verb, summaries[f"{shape.name} {verb}"]) for verb in shape.verbs), *lines]
    values = {
        f"{shape.name} {flag}": option.kind or "none"
        for shape in shapes
        for option in shape.options
        for flag in option.flags
        if option.metavar
    }
    places: dict[str, str] = {}
    for shape in shapes:
        for number, place in enumerate(shape.places, 1):
            if place.kind:
                places[f"'{shape.name} '*" if place.many else f"'{shape.name} {number}'"] = place.kind
    return "\n".join(
        [
            "__git_mlv_commands () {\n" + _document(commands, 1) + "}\n",
            f"__git_mlv_has_verbs () {{ # COMMAND\n\tcase $1 in\n\t{with_verbs}) ;;\n\t*) return 1 ;;\n\tesac\n}}\n",
            "__git_mlv_options () { # COMMAND: its verbs and options\n\tcase $1 in\n"
            + "".join(f"\t'{name}')\n{_document(lines, 2)}\t\t;;\n" for name, lines in options.items())
            + "\tesac\n}\n",
            "__git_mlv_value () { # COMMAND OPTION in one word: what the option's value is\n\tcase $1 in\n"
            + _cases({f"'{name}'": kind for name, kind in values.items()})
            + "\tesac\n}\n",
            "__git_mlv_place () { # COMMAND NUMBER in one word: what this argument is\n\tcase $1 in\n"
            + _cases(places)
            + "\tesac\n}\n",
        ]
    )


def _document(lines: list[tuple[str, str]], depth: int) -> str:
    body = "".join(f"{word}\t{' '.join(text.split())}\n" if text else f"{word}\n" for word, text in lines)
    return "\t" * depth + f"cat <<'WORDS'\n{body}WORDS\n"


def _cases(cases: dict[str, str]) -> str:
    patterns: dict[str, list[str]] = {}
    for pattern, kind in cases.items():
        patterns.setdefault(kind, []).append(pattern)
    one = [(kind, [each for each in found if not each.endswith("*")]) for kind, found in patterns.items()]
    many = [(kind, [each for each in found if each.endswith("*")]) for kind, found in patterns.items()]
    return "".join(f"\t{' | '.join(found)}) echo '{kind}' ;;\n" for kind, found in (*one, *many) if found)


_BASH = r"""
_git_mlv () { # git's completion calls this for `git mlv`
	local line=${COMP_LINE:0:COMP_POINT} current= prefix= reply breaks
	local -a typed before
	read -r -a typed <<<"$line"
	case $line in
	*[[:space:]]) ;;
	*)
		current=${typed[${#typed[@]}-1]}
		typed=("${typed[@]:0:${#typed[@]}-1}")
		;;
	esac
	local at=0 number
	for ((number = 0; number < ${#typed[@]}; number++)); do
		case ${typed[number]} in
		mlv | git-mlv | */git-mlv)
			at=$((number + 1))
			break
			;;
		-C) before=(-C "${typed[number + 1]}") ;; # git -C DIR mlv
		esac
	done
	[ $at -gt 0 ] || at=2 # an alias of git
	# bash puts the reply in place of what follows the last of these characters, not of the whole word
	breaks=${COMP_WORDBREAKS//[^@=:#]/}
	if [ -n "$breaks" ]; then
		case $current in
		*["$breaks"]*) prefix=${current%"${current##*["$breaks"]}"} ;;
		esac
	fi
	COMPREPLY=()
	while IFS= read -r reply; do
		reply=${reply%%$'\t'*}
		case $reply in
		:files)
			COMPREPLY=()
			compopt -o default +o nospace 2>/dev/null
			return 0
			;;
		?*) COMPREPLY+=("${reply#"$prefix"} ") ;;
		esac
	done < <(__git_mlv_candidates "$current" "${before[@]}" "${typed[@]:at}" 2>/dev/null)
	return 0
}

complete -o bashdefault -o nospace -F _git_mlv git-mlv
"""

_ZSH = r"""
_git-mlv () { # zsh's completion of git calls this for `git mlv`
	local line
	local -a before described
	before=("${(@Q)words[2,CURRENT-1]}")
	for line in "${(@f)$(emulate -L sh; __git_mlv_candidates "${(Q)PREFIX}" "${before[@]}" 2>/dev/null)}"; do
		case $line in
		:files)
			_files
			return
			;;
		*$'\t'*) described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
		?*) described+=("${line//:/\\:}") ;;
		esac
	done
	_describe -t words 'git mlv' described
}

_git-mlv "$@"
"""

_FISH = r"""
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
"""
