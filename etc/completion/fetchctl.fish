# fish completion of fetchctl(1): fetchctl itself knows what may stand next.
function __fetchctl_complete
    set -l tokens (commandline -opc)
    set -l current (commandline -ct)
    set -l argument (string replace -r -- '^--[^=]*=' '' $current)

    for line in ($tokens[1] __complete -- $tokens[2..-1] "$current" 2>/dev/null)
        switch $line
            case '<files>'
                __fish_complete_path "$argument"
            case '<directories>'
                __fish_complete_directories "$argument"
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c fetchctl -f -k -a '(__fetchctl_complete)'
