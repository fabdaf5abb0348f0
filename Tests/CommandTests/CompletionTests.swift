// CompletionTests.swift — what is typed is completed in each shell: verbs, options, values and names of files
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct CompletionTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    for name in ["Image", "Im age", "initrd.img", "purgatory.bin"] { try folder.write("x", to: name) }
    try folder.makeFolder("output")
  }

  private static let rows: [(typed: [String], completed: [String])] = [
    (["b"], ["build", "bundle"]),
    (["build", "--ker"], ["--kernel", "--kernel-entry"]),
    (["build", "--kernel", "Ima"], ["Image"]),
    (["build", "--initrd", "ini"], ["initrd.img"]),
    (["build", "--output-dir", "out"], ["output"]),
    (["build", "--digest", "comb"], ["combined"]),
    (["build", "--kernel=Ima"], ["Image"]),
    (["build", "--format=e"], ["elf"]),
    (["build", "--kernel=Image", "--out"], ["--output", "--output-dir"]),
    (["build", "--console", "pl0"], ["pl011@"]),
    (["show", "purg"], ["purgatory.bin"]),
    (["verify", "purgatory.bin", "--segment", "ini"], ["initrd.img"]),
    (["check", "--explain", "over"], ["overlap"]),
    (["check", "--allow", "dynamic-r"], ["dynamic-relocation"]),
    // What `make install` calls is not proposed.
    (["man"], []),
  ]

  private func script(_ shell: String) async throws -> String {
    try await folder.done(["--generate-completion-script", shell]).text
  }

  /// As bash calls it when the last word is completed.
  @Test(.enabled(if: Tools.inPath("bash") != nil || Tools.isCI, "bash is not in PATH")) func bash()
    async throws
  {
    try folder.write(try await script("bash"), to: "tmp/purgatory.bash")
    let bash = try #require(Tools.inPath("bash"))
    for row in Self.rows {
      let outcome = try await Command.run(
        bash,
        [
          "-c",
          #"""
          . tmp/purgatory.bash
          spec=$(complete -p purgatory) && function=${spec##*-F } && function=${function%% *}
          COMP_LINE="purgatory $*" COMP_POINT=${#COMP_LINE} COMP_WORDS=(purgatory)
          # Bash splits at "=", and that is a word.
          for word; do
            case $word in
              *=?*) COMP_WORDS+=("${word%%=*}" = "${word#*=}") ;;
              *=) COMP_WORDS+=("${word%=}" =) ;;
              *) COMP_WORDS+=("$word") ;;
            esac
          done
          COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
          "$function" purgatory "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
          printf '%s\n' "${COMPREPLY[@]}"
          """#, "bash",
        ] + row.typed, in: folder.path)
      #expect(Self.words(outcome.text) == row.completed, "\(row.typed): \(outcome)")
    }
  }

  @Test(.enabled(if: Tools.inPath("fish") != nil || Tools.isCI, "fish is not in PATH")) func fish()
    async throws
  {
    try folder.write(try await script("fish"), to: "tmp/purgatory.fish")
    let fish = try #require(Tools.inPath("fish"))
    for row in Self.rows {
      let line = (["purgatory"] + row.typed).joined(separator: " ")
      let outcome = try await Command.run(
        fish, ["--no-config", "-c", "source tmp/purgatory.fish; complete -C '\(line)'"], in: folder.path,
        environment: ["HOME": "\(folder.path)/tmp"])
      // Behind a tab is what it means.
      // What is like it, too; of that, what begins so counts.
      let words = outcome.text.split(separator: "\n").map { $0.prefix { $0 != "\t" } }
        .filter { $0.hasPrefix(row.typed.last ?? "") }
        .map { String($0.split(separator: "=").last ?? "") }
      #expect(Self.words(words.joined(separator: "\n")) == row.completed, "\(row.typed): \(outcome)")
    }
  }

  /// In a terminal of its own, since that is where zsh completes; what has one completion.
  @Test(.enabled(if: Tools.inPath("zsh") != nil || Tools.isCI, "zsh is not in PATH")) func zsh() async throws
  {
    try folder.makeFolder("tmp/functions")
    try folder.write(try await script("zsh"), to: "tmp/functions/_purgatory")
    let zsh = try #require(Tools.inPath("zsh"))
    // A hang guard, not a limit.
    let timeout = try #require(Tools.inPath("timeout"))
    for row in Self.rows where row.completed.count == 1 {
      let line = (["purgatory"] + row.typed).joined(separator: " ")
      let outcome = try await Command.run(
        timeout,
        [
          "120", zsh, "-f", "-c",
          #"""
          zmodload zsh/zpty
          zpty shell zsh -f -i
          until_shown() {
            local shown= chunk
            while zpty -r shell chunk; do shown+=$chunk; [[ $shown == *$~1* ]] && break; done
            print -r -- $shown
          }
          zpty -w shell 'PS1=; fpath=($PWD/tmp/functions $fpath); autoload -Uz compinit; compinit -u -D; print rea"dy"'
          until_shown ready >/dev/null
          # What is there when the line is entered is printed, not done.
          zpty -w shell 'accept() { print -r -- "<$BUFFER>"; BUFFER= }; zle -N accept; bindkey "^X" accept; print so"on"'
          until_shown soon >/dev/null
          zpty -w -n shell "$1"$'\t\x18'
          until_shown '<purgatory*>'
          zpty -d shell
          """#, "zsh", line,
        ], in: folder.path, environment: ["HOME": "\(folder.path)/tmp", "TERM": "dumb"])
      let shown = outcome.text.firstMatch(of: /<purgatory ([^>]*)>/)?.1 ?? ""
      let words = shown.split(separator: " ").map { $0.hasSuffix("/") ? $0.dropLast() : $0 }
      let last = words.last.map { String($0.split(separator: "=").last ?? "") }
      #expect(last == row.completed.first, "\(line): \(outcome)")
    }
  }

  private static func words(_ text: String) -> [String] {
    text.split(separator: "\n").map { $0.trimmingCharacters(in: [" ", "/"]) }.filter { !$0.isEmpty }.sorted()
  }
}
