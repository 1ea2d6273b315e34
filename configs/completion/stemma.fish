# Completion for stemma in fish: the words come from its own --help, so that
# they are those of the installed version.
function __stemma_commands
    stemma --help 2>/dev/null | sed -n '/ommands:/,$p' |
        sed -nE 's/^ {1,4}([a-z][a-z-]*) +(.*)/\1\t\2/p'
end
function __stemma_command
    for word in (commandline -opc)[2..]
        if not string match -q -- '-*' $word
            echo $word
            return 0
        end
    end
    return 1
end
function __stemma_options
    stemma (__stemma_command) --help 2>/dev/null |
        string match -arg -- '(--[a-z][a-z-]+)' | sort -u
end
complete -c stemma -n 'not __stemma_command' -f -a '(__stemma_commands)'
complete -c stemma -n 'string match -q -- "-*" (commandline -ct)' \
    -f -a '(__stemma_options)'
