// CompletionScript.swift — ArgumentParser's completion scripts, and what they lack: `--option=value` in one word
// SPDX-License-Identifier: MIT

import CheckedArithmetic

enum CompletionScript {
  /// What ArgumentParser generated, of a script that `arguments` ask for; other texts stay.
  static func mended(_ script: String, _ arguments: [String]) -> String {
    guard arguments.first?.hasPrefix("--generate-completion-script") == true else { return script }
    if script.hasPrefix("#!/bin/bash") { return bash(script) }
    return script.hasPrefix("#compdef") ? zsh(script) : script
  }

  /// bash splits the words at "="; the function that is generated gets them without it.
  private static func bash(_ script: String) -> String {
    // It is read by a shell, not run.
    script.drop { $0 != "\n" }.drop { $0 == "\n" }
      .replacing("-F _purgatory purgatory", with: "-F _purgatory_words purgatory")
        + """


        _purgatory_words() {
            local -a words=()
            local -i index
            for ((index = 0; index <= COMP_CWORD; index++)); do
                if [[ ${COMP_WORDS[index]} != "=" ]]; then
                    words+=("${COMP_WORDS[index]}")
                elif ((index == COMP_CWORD)); then
                    words+=("")
                fi
            done
            COMP_WORDS=("${words[@]}")
            COMP_CWORD=$((${#words[@]} - 1))
            _purgatory "$1" "${words[COMP_CWORD]}" "${words[COMP_CWORD - 1]}"
        }
        """
  }

  /// zsh wants to be told which options have values.
  private static func zsh(_ script: String) -> String {
    script.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.contains("]:")
        ? String(line).replacing(/(--[-a-z]+)(\}?'?\[)/, maxReplacements: 1) { "\($0.1)=\($0.2)" }
        : String(line)
    }.joined(separator: "\n")
  }
}
