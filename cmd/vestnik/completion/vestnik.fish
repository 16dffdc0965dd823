# Tab completion of vestnik for fish: the program itself says what may come next.
function __vestnik_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in (command $program complete -- $words "$current" 2>/dev/null)
        if test "$line" = :files
            set -l flag (string match -r -- '^--[^=]*=' "$current")
            for file in (__fish_complete_path (string replace -r -- '^--[^=]*=' '' "$current"))
                echo "$flag$file"
            end
        else
            echo $line
        end
    end
end
complete -c vestnik -f -a '(__vestnik_complete)'
