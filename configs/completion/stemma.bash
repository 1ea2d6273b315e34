# Completion for stemma: the words come from its own --help, so that they are
# those of the installed version.
_stemma() {
  local current=${COMP_WORDS[COMP_CWORD]} command='' word help
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) command=$word && break ;; esac
  done
  if [[ $current == -* ]]; then
    help=$(stemma ${command:+"$command"} --help 2>/dev/null)
    mapfile -t COMPREPLY < <(compgen -W \
      "$(grep -oE -- '--[a-z][a-z-]+' <<<"$help" | sort -u)" -- "$current")
  elif [ -z "$command" ]; then
    help=$(stemma --help 2>/dev/null | sed -n '/ommands:/,$p')
    mapfile -t COMPREPLY < <(compgen -W \
      "$(sed -nE 's/^ {1,4}([a-z][a-z-]*) .*/\1/p' <<<"$help")" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -F _stemma stemma
