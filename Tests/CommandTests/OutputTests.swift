// OutputTests.swift — outputs that cannot be written, and that are no regular files
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct OutputTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try folder.write(try await Built.get().small, to: "p.bin")
    try folder.makeFolder("folder")
  }

  @Test func cannotBeWritten() async throws {
    try Source.makeSmall(in: folder)
    let build = ["build", "--source", "small"]
    try await expectRefusals(
      [
        Refusal("no such folder", ["patch", "p.bin", "-o", "none/p.bin"], because: "no such file"),
        Refusal("a folder", ["patch", "p.bin", "-o", "folder"], because: "is a directory"),
        Refusal("a file in a file", ["patch", "p.bin", "-o", "p.bin/p.bin"], because: "not a directory"),
        Refusal("a folder that is not there", ["patch", "p.bin", "-o", "no/"], because: "is a directory"),
        Refusal("no name", ["patch", "p.bin", "-o", ""], because: "cannot be written"),
        Refusal("build", build + ["-o", "none/p.bin"], because: "none/p.bin: cannot be written"),
      ], golden: "bad-outputs.txt", in: folder)
  }

  /// Whatever it is called: nothing is written over a file that it is made of, or over what else is written.
  @Test func filesThatWouldBeWrittenOver() async throws {
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    try folder.write(Input.dtb(), to: "board.dtb")
    for name in ["a", "b"] {
      try folder.makeFolder(name)
      try folder.write(Input.initrd(100), to: "\(name)/data")
    }
    for name in ["purgatory.bin", "manifest.json", "devicetree.dtb"] {
      try folder.write(Input.initrd(100), to: "b/\(name)")
    }
    let files = FileManager.default
    try files.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: "Image")
    try files.createSymbolicLink(atPath: "\(folder.path)/here", withDestinationPath: ".")
    try files.linkItem(atPath: "\(folder.path)/Image", toPath: "\(folder.path)/hard")
    let build = ["build", "--source", "small"]
    let kernel = ["--kernel", "Image@0x40200000"]
    let input = "would replace the input Image"
    func copying(_ segment: String) -> [String] {
      build + ["--load-address", "0x40000000", "--dtb", "board.dtb@0x48000000"]
        + ["--segment", "a/data@0x50000000", "--segment", "b/\(segment)@0x51000000"]
        + ["--output-dir", "out", "--copy"]
    }
    try await expectRefusals(
      [
        Refusal("patch", ["patch", "p.bin"] + kernel + ["-o", "Image"], because: input),
        Refusal("patch, a link", ["patch", "p.bin"] + kernel + ["-o", "link"], because: input),
        Refusal("patch, a hard link", ["patch", "p.bin"] + kernel + ["-o", "hard"], because: input),
        Refusal("patch, another way", ["patch", "p.bin"] + kernel + ["-o", "here/./Image"], because: input),
        Refusal("build", build + kernel + ["-o", "Image"], because: input),
        Refusal("build, a link", build + kernel + ["-o", "link"], because: input),
        Refusal(
          "build, the input is the link", build + ["--kernel", "link@0x40200000", "-o", "Image"],
          because: "Image: would replace the input link"),
        Refusal(
          "build, a source", build + ["-o", "small/entry.S"],
          because: "would replace the input", "small/entry.S"),
        Refusal(
          "build, a header", build + ["-o", "small/include/routine.h"],
          because: "would replace the input"),
        Refusal(
          "build, a dry run", build + kernel + ["-o", "Image", "--dry-run"], because: input),
        Refusal(
          "build, the depfile", build + ["-o", "x", "--depfile", "here/x"],
          because: "here/x: would replace the output x"),
        Refusal(
          "build, the manifest", build + ["-o", "x", "--manifest", "x", "--load-address", "0x40000000"],
          because: "x: would replace the output x"),
        Refusal(
          "build, the manifest and the depfile",
          build + ["-o", "x", "--manifest", "y", "--depfile", "y", "--load-address", "0x40000000"],
          because: "y: would replace the output y"),
        Refusal(
          "copies of one name", copying("data"),
          because: "out/data: the copy of b/data would replace the copy of a/data"),
        Refusal(
          "a copy on the purgatory", copying("purgatory.bin"),
          because: "out/purgatory.bin: the copy of "),
        Refusal(
          "a copy on the manifest", copying("manifest.json"),
          because: "out/manifest.json: would replace the copy of b/manifest.json"),
        Refusal(
          "a copy on the device tree", copying("devicetree.dtb"),
          because: "out/devicetree.dtb: the copy of "),
        Refusal(
          "bundle", ["bundle", "--source", "small", "--kernel", "Image", "-o", "link"], because: input),
        Refusal(
          "bundle, the device tree",
          [
            "bundle", "--source", "small", "--kernel", "Image", "--memory", "0x40000000+1G", "--dtb",
            "board.dtb", "-o", "here/board.dtb",
          ],
          because: "would replace the input board.dtb"),
      ], golden: "collisions.txt", in: folder)
  }

  @Test func aDeviceIsWrittenTo() async throws {
    let before = try folder.snapshot()
    try await folder.done(["patch", "p.bin", "-o", "/dev/null"])
    #expect(differences(before, try folder.snapshot()) == [])
    #expect(FileManager.default.fileExists(atPath: "/dev/null"))
    let full = try await folder.purgatory(["patch", "p.bin", "-o", "/dev/full"])
    #expect(full.status == .exited(1))
    #expect(full.error == "error: /dev/full: cannot be written: no space left on device\nhelp: df -h /dev\n")
  }

  @Test func aPipeIsReadAndWritten() async throws {
    let command = try Command.purgatory.get()
    let line = "'\(command)' patch /dev/stdin --messages failures -o /dev/stdout"
    let outcome = try await Command.run(
      Tools.inPath("sh") ?? "sh", ["-c", "cat p.bin | \(line) | cat >out.bin"], in: folder.path)
    #expect(outcome.error.hasPrefix("/dev/stdout: 1,024 bytes"))
    #expect(try folder.read("out.bin") == overwriting(folder.read("p.bin"), 0x40 + Field.flags, [0x20]))
  }

  /// A pipe has no place for a patched file, nor for a file of a folder; nobody is waited for.
  @Test func aPipeIsNoFile() async throws {
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    let build = [
      "build", "--source", "small", "--load-address", "0x40000000", "--kernel", "Image@0x40200000",
    ]
    for name in ["purgatory.bin", "manifest.json"] {
      try folder.makeFolder(name + ".d")
      #expect(mkfifo("\(folder.path)/\(name).d/\(name)", 0o600) == 0)
      let outcome = try await folder.purgatory(build + ["--output-dir", name + ".d"])
      #expect(outcome.status == .exited(1))
      #expect(
        outcome.error.hasPrefix("error: \(name).d/\(name): a pipe or a device, expected a file"),
        "\(outcome.error)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/\(name).d") == [name])
    }
    #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
    let outcome = try await folder.purgatory(["patch", "pipe", "--on-failure", "reset"])
    #expect(outcome.status == .exited(1))
    #expect(outcome.error.hasPrefix("error: pipe: a pipe, expected a file to patch in place"))
  }

  /// What came through a pipe is not waited for again.
  @Test func aPipeIsReadOnce() async throws {
    #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
    let command = try Command.purgatory.get()
    for line in ["check pipe", "show pipe", "patch pipe -o copy --on-failure reset"] {
      let outcome = try await Command.run(
        "/bin/sh", ["-c", "cat p.bin >pipe & exec '\(command)' \(line)"], in: folder.path)
      #expect(outcome.status == .exited(0), "\(line): \(outcome.error)")
    }
  }

  /// What the link's name would be changed to is another file.
  @Test func aLinkToANameThatIsNotUTF8() async throws {
    let command = try Command.purgatory.get()
    let line =
      #"d=$(printf 'folder/\377'); cp p.bin "$d"; ln -s "$d" link; '\#(command)' patch link --on-failure reset"#
    let outcome = try await Command.run("/bin/sh", ["-c", line], in: folder.path)
    #expect(outcome.status == .exited(1))
    #expect(outcome.error.hasPrefix("error: link: cannot be written: "), "\(outcome.error)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/folder").count == 1)
  }

  /// Libraries under the command trap, or wait for ever.
  @Test(arguments: [7, 16, 63]) func tooFewOpenFiles(_ limit: Int) async throws {
    let line = "ulimit -n \(limit); exec '\(try Command.purgatory.get())' build --source source -o q.bin"
    try Source.copyReal(into: folder, as: "source")
    let outcome = try await Command.run("/bin/sh", ["-c", line], in: folder.path)
    #expect(outcome.status == .exited(1))
    #expect(
      outcome.error == "error: ulimit -n: \(limit) open files, expected at least 64\nhelp: ulimit -n 1024\n",
      "\(outcome.error)")
    // Where it may, it helps itself.
    let raised = try await Command.run(
      "/bin/sh", ["-c", line.replacing("ulimit -n", with: "ulimit -S -n")], in: folder.path)
    #expect(raised.status == .exited(0), "\(raised.error)")
  }

  /// What is open already is written to, and never replaced: a log keeps what is in it.
  @Test(arguments: ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/stderr"])
  func whatIsOpenIsWrittenTo(_ output: String) async throws {
    let command = try Command.purgatory.get()
    let redirection = output == "/dev/stderr" ? "2>&1 >&2" : ""
    _ = try await Command.run(
      "/bin/sh",
      ["-c", "{ echo first; '\(command)' patch p.bin -q -o \(output) \(redirection); echo last; } >>log"],
      in: folder.path)
    #expect(try folder.read("log") == Array("first\n".utf8) + folder.read("p.bin") + Array("last\n".utf8))
    // Nobody has opened this one.
    let closed = try await folder.purgatory(["patch", "p.bin", "-o", "/dev/fd/77"])
    #expect(closed.status == .exited(1))
    #expect(closed.error.hasPrefix("error: /dev/fd/77: cannot be written: bad file descriptor\nhelp: "))
  }

  /// Folders that were made for what could not be written are not left.
  @Test func aFolderThatNothingIsWrittenInto() async throws {
    try folder.makeFolder("there")
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    let build = [
      "build", "--source", "small", "--load-address", "0x40000000", "--kernel", "Image@0x40200000",
    ]
    let before = try folder.snapshot()
    for name in ["new", "new/far/away", "there/new"] {
      let command = build + ["--output-dir", name, "--depfile", "none/p.d"]
      let outcome = try await folder.purgatory(command)
      #expect(outcome.status == .exited(1) && outcome.error.contains("none/p.d: cannot be written"))
      #expect(differences(before, try folder.snapshot()) == [])
    }
    try await folder.done(build + ["--output-dir", "new/far/away"])
    try await folder.done(["check", "new/far/away"])
  }

  /// A write that is cut short, and no room for the rest: what is there stays.
  @Test(arguments: [["out"], ["b.img"], ["b.img", "-o", "new"]]) func noRoom(_ arguments: [String])
    async throws
  {
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    let layout = ["--source", "small", "--load-address", "0x40000000", "--kernel", "Image@0x40200000"]
    try await folder.done(["build", "--output-dir", "out"] + layout)
    try await folder.done(["bundle", "--source", "small", "--kernel", "Image", "-o", "b.img", "-q"])
    let before = try folder.snapshot()
    let words = arguments.map { "'\($0)'" }.joined(separator: " ")
    for blocks in 0...1 {
      // A block has 512 bytes, or 1024; standard error is a pipe, which has none.
      let line =
        "ulimit -f \(blocks); exec '\(try Command.purgatory.get())' patch \(words) --on-failure reset"
      let outcome = try await Command.run("/bin/sh", ["-c", line], in: folder.path)
      #expect(outcome.status == .exited(1), "\(outcome.error)")
      #expect(outcome.error.contains("cannot be written: file too large"), "\(outcome.error)")
      #expect(differences(before, try folder.snapshot()) == [])
    }
  }

  @Test func standardInput() async throws {
    let outcome = try await folder.purgatory(["show", "/dev/stdin"], input: folder.read("p.bin"))
    #expect(outcome.status == .exited(0))
    #expect(outcome.text.hasPrefix("/dev/stdin:\n  format        flat\n"))
  }
}
