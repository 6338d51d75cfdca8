# bash completion of fetchctl(1): fetchctl itself knows what may stand next.
_fetchctl()
{
	local line=${COMP_LINE:0:COMP_POINT} current prefix= candidate
	local -a words

	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=("")
	current=${words[-1]}
	# Of what is typed bash takes what stands behind these as the word.
	[[ $COMP_WORDBREAKS != *[=:]* ]] || prefix=${current%"${current##*[=:]}"}
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		case $candidate in
		'<files>')
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "${current##*=}")
			;;
		'<directories>')
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -d -- "${current##*=}")
			;;
		*) COMPREPLY+=("${candidate#"$prefix"}") ;;
		esac
	done < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
}
complete -o nosort -F _fetchctl fetchctl
