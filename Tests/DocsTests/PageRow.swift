// PageRow.swift — the table of pages: how each of their shell blocks is run, and what it finds there
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@testable import LoaderTests

/// A page with shell blocks.
struct PageRow: CustomTestStringConvertible {
  /// How a shell block is run.
  enum How {
    /// In the page's folder, in one shell with all others of its kind.
    case here
    /// By being typed into the machine that the block before it starts.
    case typed
    /// As root on a running arm64 Linux that has the page's folder, after these lines; its console says this then.
    case machine(String = "", says: [Substring] = PageRow.linuxToLinux)
    /// By a file of Tests/, which takes the block from the page: by its name, or with these words of its source.
    case suite(String, String? = nil)
    /// By nobody, for a reason.
    case never(String)
  }

  let file: String
  /// The folder in which its commands are typed, in a copy of the project's where it has one.
  var folder = ""
  /// Files of that folder.
  var inputs: [String: LoaderInput] = [:]
  /// Others that must have been fetched or built.
  var needs: [LoaderInput] = []
  /// Programs that not every machine has.
  var tools: [String] = []
  /// What else is there already: shell commands.
  var setUp = ""
  /// For each shell block of the page.
  let blocks: [How]

  var testDescription: String { file }

  /// Whether anything of it is run here.
  var isRun: Bool {
    blocks.contains {
      switch $0 {
      case .here, .machine: true
      case .typed, .suite, .never: false
      }
    }
  }

  /// What is missing of all that it needs.
  var lacks: [String] {
    let files = needs + Array(inputs.values)
    return files.map(\.path).filter { !FileManager.default.fileExists(atPath: $0) }
      + (tools + [QEMU.command]).filter { Tools.find($0) == nil }
  }

  static let linuxToLinux: [Substring] = ["purgatory: verified …", "userspace: reached on Linux …"]

  /// What `purgatory build` and the loaders are told of.
  private static let linux: [String: LoaderInput] = ["Image": .kernel, "initrd": .initrd]

  static let all = [
    // Git and Make are the reader's; the tool is built already.
    PageRow(
      file: "docs/tutorial.md", needs: [.kernel, .busybox, .kexec, .kexecLibraries],
      setUp: "url=https://example.org/purgatory",
      blocks: [.here, .here, .here, .here, .here, .here, .here, .typed]),
    PageRow(
      file: "docs/boards.md",
      inputs: [
        "Image": .kernel, "initrd.img": .initrd, "bcm2837-rpi-3-b.dtb": .raspberryPiTree,
      ], blocks: [.here, .here]),
    PageRow(
      file: "docs/ci.md", setUp: "purgatory build -q --format elf -o purgatory.elf",
      blocks: [.never("installs packages as root, and builds the tool anew"), .here]),
    PageRow(
      file: "docs/loaders.md",
      blocks: [
        .suite("LoaderTests/KexecTests"), .suite("LoaderTests/KexecTests"),
        .suite("LoaderTests/KexecSourceTests"), .suite("LoaderTests/BundleBootTests"),
        .suite("LoaderTests/BundleBootTests"), .suite("LoaderTests/BundleBootTests"),
        .suite("LoaderTests/BundleBootTests"),
      ]),
    PageRow(
      file: "docs/build-systems.md",
      blocks: Array(
        repeating: .suite("IntegrationTests/BuildSystem", "Page.block(system.name)"), count: 4)),
    PageRow(file: "docs/library.md", folder: ".", tools: ["docc"], blocks: [.here]),
    PageRow(file: "docs/kdump.md", blocks: Array(repeating: .suite("LoaderTests/CrashDumpTests"), count: 5)),
    PageRow(
      file: "examples/README.md", inputs: linux,
      setUp: "make -s -f project/examples/fill-info/Makefile; PATH=$PWD:$PATH", blocks: [.here]),
    PageRow(
      file: "examples/fill-info/README.md", folder: "examples/fill-info", inputs: linux, blocks: [.here]),
    PageRow(
      file: "examples/fill-info-libelf/README.md", folder: "examples/fill-info-libelf", inputs: linux,
      blocks: [.here]),
    PageRow(
      file: "examples/fill-info-go/README.md", folder: "examples/fill-info-go", inputs: linux, tools: ["go"],
      blocks: [.here]),
    PageRow(
      file: "examples/kexec-load/README.md", folder: "examples/kexec-load", inputs: linux,
      blocks: [.here, .machine()]),
    PageRow(
      file: "examples/result/README.md", folder: "examples/result", needs: [.kernel, .initrd],
      blocks: [
        .machine(
          """
          mkdir -p /usr/local/bin /etc/systemd/system
          install() { cp "$3" "$4" && chmod "$2" "$4/$3"; }
          systemctl() { test "$1" = enable && test -x "$(sed -n 's/^ExecStart=//p' "/etc/systemd/system/$2.service")"; }
          """, says: ["the block is done"])
      ]),
    // The kernel is not built: scripts/kernel does that, with the same script, and LoaderTests boot it.
    PageRow(
      file: "integrations/linux/README.md", folder: ".", needs: [.kernelTree],
      setUp: """
        tree=$cache/kernel/6.12/tree
        for file in Makefile scripts/config arch/arm64/Kbuild arch/arm64/Kconfig arch/arm64/include/asm \\
          arch/arm64/kernel/machine_kexec_file.c arch/arm64/kernel/kexec_image.c arch/arm64/purgatory; do
          mkdir -p "$HOME/linux/$(dirname $file)"
          [ ! -e "$tree/$file" ] || cp -r "$tree/$file" "$HOME/linux/$file"
        done
        [ ! -e ~/linux/arch/arm64/purgatory ] || integrations/linux/integrate --undo ~/linux
        touch ~/linux/.config
        """,
      blocks: [.here]),
    PageRow(
      file: "integrations/u-root/README.md", folder: "integrations/u-root", inputs: linux, tools: ["go"],
      blocks: [.here, .machine()]),
  ]
}
