#compdef vestnik
# Tab completion of vestnik for zsh: the program itself says what may come next.
_vestnik() {
    local line
    local -a described
    for line in "${(@f)$("${(Q)words[1]}" complete -- "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
        if [[ $line == :files ]]; then
            compset -P '--*='
            _files
        elif [[ -n $line ]]; then
            described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        fi
    done
    (( $#described )) && _describe vestnik described
}
if [[ $funcstack[1] == _vestnik ]]; then
    _vestnik "$@"
else
    compdef _vestnik vestnik
fi
