// PageRun.swift — runs the shell blocks of a page in one shell, in order, as a reader types them
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport

@testable import LoaderTests

struct PageRun {
  let row: PageRow
  let page: Page
  /// Empty.
  let folder: Folder

  /// Separates what the blocks print.
  private static let mark: Character = "\u{1e}"

  /// How it ended, and what each shell block printed; nothing if somebody else runs it.
  func run() async throws -> (outcome: Outcome, printed: [String]) {
    try await prepare()
    guard let shell = Tools.inPath("sh"), let timeout = Tools.inPath("timeout") else {
      throw ToolFailure(description: "no sh or timeout in PATH")
    }
    let tool = URL(filePath: try Command.purgatory.get()).deletingLastPathComponent().path
    let path = [
      "\(folder.path)/bin", tool, ProcessInfo.processInfo.environment["PATH"] ?? "", Tools.llvmFolder ?? "",
    ]
    let own = [
      "PATH": path.joined(separator: ":"), "HOME": "\(folder.path)/home", "TMPDIR": "\(folder.path)/tmp",
      "CC": "clang", "package": packageFolder,
      "cache": "\(packageFolder)/.cache", "work": folder.path, "tool": tool,
    ]
    let environment = own.merging(Go.environment) { $1 }
    let outcome = try await QEMU.slots.run {
      // A hang guard, not a limit.
      try await Command.run(
        timeout, ["600", shell, "-c", script], in: "\(folder.path)/page/\(row.folder)",
        environment: environment)
    }
    let parts = outcome.text.split(separator: Self.mark, omittingEmptySubsequences: false)
    return (outcome, parts.dropFirst().map(String.init))
  }

  /// The page's folder, and the programs that are not the page's.
  private func prepare() async throws {
    for name in ["bin", "home", "page", "home/linux"] { try folder.makeFolder(name) }
    for (name, text) in Self.programs {
      try folder.write("#!/bin/sh\nset -e\n\(text)", to: "bin/\(name)")
      try folder.setMode(0o755, of: "bin/\(name)")
    }
    // What a page of the project's folders finds beside it, and any other in project/.
    let copy = row.folder.isEmpty ? "page/project" : "page"
    try folder.makeFolder(copy)
    for name in Self.project {
      try FileManager.default.copyItem(
        atPath: "\(packageFolder)/\(name)", toPath: "\(folder.path)/\(copy)/\(name)")
    }
    let inputs = "\(folder.path)/page/\(row.folder)"
    for (name, input) in row.inputs {
      try FileManager.default.copyItem(atPath: input.path, toPath: "\(inputs)/\(name)")
    }
    if !row.inputs.isEmpty {
      let tree = try QEMU.deviceTree(of: ["-machine", "virt", "-cpu", "max", "-m", "1G"])
      try TestSupport.write(tree, to: "\(inputs)/board.dtb")
    }
  }

  /// What a page uses of the project.
  private static let project = ["Package.swift", "examples", "integrations", "purgatory", "scripts"]

  /// Programs that stand before others in PATH.
  private static let programs = [
    // What a clone has, and what `make` is going to build or fetch: both are there already.
    "git": """
    test "$1" = clone
    mkdir -p purgatory/.build && cd purgatory
    for name in \(project.joined(separator: " ")); do cp -r "$package/$name" .; done
    ln -s "$tool" .build/release
    ln -s "$cache" .cache

    """,
    // In the project what is left when the tool and the library are built; in a kernel's tree, whose options the page leaves
    // open, nothing.
    "make": """
    case $* in *…*) exit ;; docs) exec "$package/scripts/docs" "$tool" out/docs ;; esac
    if [ -e Package.swift ] && [ $# = 0 ]; then exec purgatory build -o purgatory.bin; fi
    PATH=${PATH#*:} exec make "$@"

    """,
    // A server, which would serve until somebody stops it.
    "python3": """
    test "$1 $2 $3" = '-m http.server -d' && test -e "$4/documentation/purgatorykit/index.html"

    """,
  ]

  /// What the reader's shell is, or does without being told.
  private static let prologue = #"""
    exec 2>&1
    trap 'kill $typing 2>/dev/null || true' EXIT

    # As root on a running Linux that has this folder: /next is what it runs.
    machine() {
      mkdir -p "$work/root/page"
      find . -maxdepth 1 ! -name . ! -name project -exec cp -r {} "$work/root/page/" ';'
      { echo '#!/bin/busybox sh'; echo 'cd /page; set -e'; cat; } >"$work/root/next"
      chmod +x "$work/root/next"
      (cd "$work/root" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/root.img"
      cat "$cache/initramfs.cpio.gz" "$work/root.img" >"$work/first.img"
      purgatory run "$cache/debian/linux/Image" --initrd "$work/first.img" --append console=ttyAMA0 </dev/null
    }

    # Types what was written down once the machine's shell asks for it, and leaves if that did not.
    type_in() {
      until grep -qs '^/ # ' "$work/console"; do sleep 1; done
      cat "$work/typed"
      echo exit
    }
    set -e

    """#

  private var script: String {
    var script = "\(Self.prologue)\(row.setUp)\n"
    let blocks = Array(zip(page.blocks.filter(\.isShell), row.blocks))
    for (index, (block, how)) in blocks.enumerated() {
      script += "printf '\\036'\n"
      switch how {
      case .here:
        if index + 1 < blocks.count, case .typed = blocks[index + 1].1 {
          script += Self.typing(blocks[index + 1].0.text, into: block.text)
        } else {
          script += "\(block.text)\n"
        }
      case .machine(let before, _):
        script += "machine <<'BLOCK'\n\(before)\n\(block.text)\necho 'the block is done'\nBLOCK\n"
      case .typed, .suite, .never: break
      }
    }
    return script
  }

  /// Runs a block that starts a machine, and types another into it.
  private static func typing(_ keys: String, into block: String) -> String {
    """
    cat >"$work/typed" <<'BLOCK'
    \(keys)
    BLOCK
    mkfifo "$work/keys"
    type_in >"$work/keys" &
    typing=$!
    set +e
    (set -e; \(block)
    ) <"$work/keys" >"$work/console"
    status=$?
    set -e
    cat "$work/console"
    [ $status = 0 ]

    """
  }
}
