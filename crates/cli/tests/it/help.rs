use crate::segue::Segue;

#[test]
fn every_command_explains_itself_with_an_example() {
    let segue = Segue::new();
    let commands = [
        vec!["demo"],
        vec!["import"],
        vec!["train"],
        vec!["world"],
        vec!["world", "build"],
        vec!["mix"],
        vec!["lists"],
        vec!["connect"],
        vec!["connect", "subsonic"],
        vec!["connect", "listenbrainz"],
        vec!["connect", "read"],
        vec!["connect", "push"],
        vec!["next"],
        vec!["history"],
        vec!["feedback"],
        vec!["evaluate", "interactive"],
        vec!["evaluate", "likability"],
        vec!["evaluate", "mix"],
        vec!["evaluate", "new-listener"],
        vec!["evaluate", "next-track"],
        vec!["simulate", "community"],
        vec!["evaluate", "policy"],
        vec!["experiment"],
        vec!["experiment", "readout"],
        vec!["status"],
        vec!["exclude"],
        vec!["tracks"],
        vec!["models"],
        vec!["backup"],
        vec!["doctor"],
        vec!["prune"],
        vec!["forget"],
        vec!["completions"],
        vec!["man"],
    ];
    for command in commands {
        let help = segue.run(&[command.clone(), vec!["--help"]].concat());
        assert!(
            help.contains(&format!("segue {}", command.join(" "))),
            "{command:?} shows no example:\n{help}"
        );
        assert!(help.contains("Example"), "{command:?} shows no example:\n{help}");
    }
}

#[test]
fn a_command_line_that_cannot_be_understood_exits_with_2() {
    let segue = Segue::new();
    segue.fail(&["mix", "--explore", "much"], 2);
    segue.fail(&["no-such-command"], 2);
}

#[test]
fn an_empty_home_says_what_to_do_first() {
    let segue = Segue::new();
    for command in [&["train"][..], &["mix"]] {
        let message = segue.fail(command, 1);
        assert!(message.contains("segue import"), "{command:?}: {message}");
    }
}

#[test]
fn shells_complete_every_command_and_the_manual_has_a_page_for_each() {
    let segue = Segue::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = segue.run(&["completions", shell]);
        assert!(script.contains("next-track") && script.contains("doctor"), "{shell}");
    }
    segue.run(&["man", "man1"]);
    for page in ["segue.1", "segue-mix.1", "segue-evaluate-next-track.1"] {
        let page = segue.folder().join("man1").join(page);
        let text = std::fs::read_to_string(&page).unwrap();
        assert!(text.contains(".SH"), "{}", page.display());
    }
}
