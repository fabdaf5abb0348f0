// IntegrateTests.swift — integrations/linux/integrate: into a tree that it knows, out again, and into no other
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct IntegrateTests {
  let folder: Folder

  /// As much of a tree as the script looks at.
  private static let tree = [
    "Makefile": "# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\n",
    "arch/arm64/Kbuild": "before\nobj-y\t\t\t+= kernel/ mm/ net/\nafter\n",
    "arch/arm64/Kconfig": "config TRANS_TABLE\n\tdepends on HIBERNATION || KEXEC_CORE\n\nconfig XEN_DOM0\n",
    "arch/arm64/kernel/machine_kexec_file.c":
      "#include <linux/vmalloc.h>\n\n\t/* trim it */\n\tfdt_pack(dtb);\n",
    "arch/arm64/kernel/kexec_image.c":
      "#include <asm/image.h>\n\n\timage->start = kernel_segment->mem;\n\n\treturn NULL;\n",
    "arch/arm64/include/asm/kexec.h": "/* theirs */\n",
  ]

  init() throws {
    folder = try Folder()
    for name in ["kernel", "include/asm"] { try folder.makeFolder("linux/arch/arm64/\(name)") }
    for (name, text) in Self.tree { try folder.write(text, to: "linux/\(name)") }
  }

  private func integrate(_ arguments: String...) async throws -> Outcome {
    try await Command.run(
      "\(packageFolder)/integrations/linux/integrate", arguments, in: folder.path,
      environment: [
        "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "",
        "PURGATORY": try Command.purgatory.get(),
      ])
  }

  /// The tree, whole.
  private func contents() throws -> [String: Folder.Entry] {
    try folder.snapshot().filter { $0.key.hasPrefix("linux/") }
  }

  @Test(arguments: ["6.12", "6.1"]) func inAndOut(_ release: String) async throws {
    let level = release.split(separator: ".")[1]
    try folder.write("VERSION = 6\nPATCHLEVEL = \(level)\n", to: "linux/Makefile")
    let before = try contents()
    let done = try await integrate("linux")
    #expect(done.status == .exited(0), "\(done.error)")
    #expect(done.text == "linux: Linux \(release) with a purgatory: set CONFIG_KEXEC_PURGATORY=y\n")
    let ours = try contents()
    let purgatory = "arch/arm64/purgatory"
    for name in ["Kconfig", "Makefile", "flat.c", "purgatory.bin", "purgatory.ro", "purgatory_info.h"] {
      #expect(ours["linux/\(purgatory)/\(name)"] != nil, "\(name)")
    }
    func lines(_ file: String) throws -> [String] {
      try folder.text(of: "linux/arch/arm64/\(file)").components(separatedBy: "\n")
    }
    #expect(try lines("Kbuild")[2] == "obj-$(CONFIG_KEXEC_PURGATORY)\t+= purgatory/")
    #expect(try lines("Kconfig")[3] == "source \"arch/arm64/purgatory/Kconfig\"")
    #expect(try lines("kernel/machine_kexec_file.c")[4] == "\tkexec_purgatory_reserve_result(dtb);")
    #expect(try lines("kernel/kexec_image.c")[4] == "\tret = kexec_purgatory_add(image);")
    // Of the kernel's own files, lines were added, and nothing else changed.
    for (name, text) in Self.tree where name != "Makefile" {
      let after = try folder.text(of: "linux/\(name)").components(separatedBy: "\n")
      var rest = after[...]
      for line in text.components(separatedBy: "\n") {
        rest = rest[try #require(rest.firstIndex(of: line), "\(name): \(line)")...].dropFirst()
      }
      #expect(after.count - text.components(separatedBy: "\n").count <= 4)
    }

    let undone = try await integrate("--undo", "linux")
    #expect(undone.status == .exited(0), "\(undone.error)")
    #expect(undone.text == "linux: Linux \(release) as it was\n")
    #expect(try contents() == before)
  }

  @Test func theBlobIsBuiltAsItIsAsked() async throws {
    let done = try await integrate("linux", "--on-failure", "reset", "--psci", "hvc")
    #expect(done.status == .exited(0), "\(done.error)")
    for name in ["purgatory.bin", "purgatory.ro"] {
      let shown = try await folder.done(["show", "linux/arch/arm64/purgatory/\(name)"]).text
      #expect(shown.contains("reset (psci over hvc)"))
    }
  }

  /// What the script does not know, or what it did before: said, with what it looked for, and nothing is touched.
  private struct Refusal {
    var file: String?
    var text = ""
    var arguments = ["linux"]
    var says: String
  }

  @Test func otherTrees() async throws {
    let image = "arch/arm64/kernel/kexec_image.c"
    let refusals = [
      Refusal(
        file: "Makefile", text: "VERSION = 6\nPATCHLEVEL = 6\n",
        says: "linux: Makefile: VERSION and PATCHLEVEL of 6.6, expected 6.1 or 6.12"),
      Refusal(
        file: "Makefile", text: "all:\n",
        says: "linux: Makefile: VERSION and PATCHLEVEL of no Linux, expected 6.1 or 6.12"),
      Refusal(
        arguments: ["nowhere"],
        says: "nowhere: Makefile: VERSION and PATCHLEVEL of no Linux, expected 6.1 or 6.12"),
      Refusal(
        file: image, text: "#include <asm/image.h>\n",
        says:
          "linux: \(image): 0 lines \"\timage->start = kernel_segment->mem;\", expected one, as in Linux 6.1 and 6.12"
      ),
      Refusal(
        file: "arch/arm64/Kbuild", text: "obj-y\t\t\t+= kernel/ mm/ net/\nobj-y\t\t\t+= kernel/ mm/ net/\n",
        says:
          "linux: arch/arm64/Kbuild: 2 lines \"obj-y\t\t\t+= kernel/ mm/ net/\", expected one, as in Linux 6.1 and 6.12"
      ),
      Refusal(
        arguments: ["--undo", "linux"],
        says: "linux: arch/arm64/purgatory: not there, expected what was put there"),
    ]
    for refusal in refusals {
      let original = try refusal.file.map { try folder.text(of: "linux/\($0)") }
      if let file = refusal.file { try folder.write(refusal.text, to: "linux/\(file)") }
      let before = try contents()
      let outcome =
        refusal.arguments.count == 2
        ? try await integrate(refusal.arguments[0], refusal.arguments[1])
        : try await integrate(refusal.arguments[0])
      #expect(outcome.status == .exited(1) && outcome.output == [])
      #expect(outcome.error.hasPrefix("error: \(refusal.says)\n"), "\(outcome.error)")
      #expect(try contents() == before)
      if let file = refusal.file, let original { try folder.write(original, to: "linux/\(file)") }
    }
  }

  @Test func twice() async throws {
    #expect(try await integrate("linux").status == .exited(0))
    let before = try contents()
    let again = try await integrate("linux")
    #expect(again.status == .exited(1))
    #expect(
      again.error.hasPrefix(
        "error: linux: arch/arm64/include/asm/kexec_purgatory.h: already there, or lines of it, expected a tree without it\nhelp: "
      ),
      "\(again.error)")
    #expect(again.error.hasSuffix("integrate --undo 'linux'\n"))
    #expect(try contents() == before)
  }

  /// Whatever of it an interruption left, --undo takes it out.
  @Test(arguments: [
    ["arch/arm64/purgatory"], ["arch/arm64/include/asm/kexec_purgatory.h"], ["arch/arm64/Kbuild"],
    ["arch/arm64/kernel/kexec_image.c", "arch/arm64/kernel/machine_kexec_file.c"],
  ])
  func whatWasInterrupted(_ missing: [String]) async throws {
    let before = try contents()
    #expect(try await integrate("linux").status == .exited(0))
    for name in missing {
      if let text = Self.tree[name] {
        try folder.write(text, to: "linux/\(name)")
      } else {
        try FileManager.default.removeItem(atPath: "\(folder.path)/linux/\(name)")
      }
    }
    let again = try await integrate("linux")
    #expect(again.status == .exited(1) && again.error.contains("--undo"), "\(again.error)")
    let undone = try await integrate("--undo", "linux")
    #expect(undone.status == .exited(0), "\(undone.error)")
    #expect(try contents() == before)
  }

  @Test func linesThatSomebodyChangedStay() async throws {
    #expect(try await integrate("linux").status == .exited(0))
    let file = "linux/arch/arm64/kernel/kexec_image.c"
    let text = try folder.text(of: file)
    try folder.write(text.replacing("ret = kexec_purgatory_add", with: "ret = my_add"), to: file)
    let before = try contents()
    let undone = try await integrate("--undo", "linux")
    #expect(undone.status == .exited(1))
    #expect(
      undone.error.hasPrefix(
        "error: linux: arch/arm64/kernel/kexec_image.c: not the lines that were put there, expected ret = kexec_purgatory_add(image);"
      ), "\(undone.error)")
    #expect(try contents() == before)
  }

  @Test func aBlobThatCannotBeBuiltLeavesTheTreeAlone() async throws {
    let before = try contents()
    let outcome = try await integrate("linux", "--on-failure", "explode")
    #expect(outcome.status != .exited(0) && outcome.error.contains("explode"))
    let dry = try await integrate("linux", "--dry-run")
    #expect(dry.status == .exited(1) && dry.error.contains("purgatory.bin: not written with --dry-run"))
    #expect(try contents() == before)
  }

  @Test func usage() async throws {
    for arguments in [[], ["--undo"], ["--undo", "linux", "--quiet"]] {
      let outcome = try await Command.run(
        "\(packageFolder)/integrations/linux/integrate", arguments, in: folder.path,
        environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""])
      #expect(outcome.status == .exited(64), "\(arguments)")
      #expect(outcome.error.hasPrefix("usage: integrate TREE [BUILD-OPTION…]"))
    }
  }
}
