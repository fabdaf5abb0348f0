// Host.swift — what the command costs on the machine that it runs on, beside the tools that do the same by hand
// SPDX-License-Identifier: MIT

import ELF
import Foundation
import TestSupport

/// Ratios of one run; what each is bound by is in docs/performance.md.
struct Host {
  /// What one work takes, and what its measure takes.
  struct Row: Encodable {
    let work: String
    let seconds: Double
    let measure: String
    let measureSeconds: Double
    let ratio: Double
    /// What it is to be at most; nil: nobody said.
    let target: Double?

    enum CodingKeys: String, CodingKey {
      case work, seconds, measure, ratio, target
      case measureSeconds = "measure_seconds"
    }
  }

  struct Memory: Encodable {
    let work: String
    let bytes: UInt64
  }

  struct Results: Encodable {
    let machine: String
    let rows: [Row]
    let memory: [Memory]
  }

  /// The command.
  let tool: String
  private let folder: Folder
  private var rows: [Row] = []
  private var memory: [Memory] = []

  init(tool: String) throws {
    self.tool = tool
    folder = try Folder()
  }

  static func measure(_ tool: String) async throws -> Results {
    var host = try Host(tool: tool)
    try await host.prepare()
    try host.digests()
    try host.memories()
    try host.starts()
    try host.builds()
    try host.patches()
    try host.checks()
    return Results(machine: machine, rows: host.rows, memory: host.memory)
  }

  /// Compares `work` with `measure`.
  private mutating func compare(
    _ name: String, _ work: @autoclosure () throws -> Program, with measureName: String,
    _ measure: @autoclosure () throws -> Program, rounds: Int, target: Double? = nil
  ) throws {
    let (work, measure) = (try work(), try measure())
    try compare(
      name, { try work.time() }, with: measureName, { try measure.time() }, rounds: rounds,
      target: target)
  }

  private mutating func compare(
    _ name: String, _ work: () throws -> Double, with measureName: String, _ measure: () throws -> Double,
    rounds: Int, target: Double? = nil
  ) throws {
    let times = try withoutActuallyEscaping(work) { work in
      try withoutActuallyEscaping(measure) { measure in try medians(of: [work, measure], rounds: rounds) }
    }
    rows.append(
      Row(
        work: name, seconds: times[0], measure: measureName, measureSeconds: times[1],
        ratio: times[0] / times[1], target: target))
  }

  /// Random bytes, sparse files, and a purgatory in both formats, in the folder that all of it is done in.
  private func prepare() async throws {
    guard FileManager.default.changeCurrentDirectoryPath(folder.path) else {
      throw ToolFailure(description: "\(folder.path): no folder to work in")
    }
    try await Command.tool(
      "sh", ["-c", "head -c 1G /dev/urandom >1G && head -c 512M 1G >512M && truncate -s 4G sparse"],
      in: folder.path)
    for format in ["elf", "bin"] {
      _ = try Program(tool, ["build", "--format", format, "-o", "p.\(format)", "-q"]).time()
    }
  }

  private mutating func digests() throws {
    let tool = tool
    let patch = ["patch", "p.bin", "-o", "q.bin", "-q"]
    let one = patch + ["--segment", "1G@0x80000000"]
    let two = patch + ["--segment", "512M@0x80000000", "--segment", "512M@0x100000000"]
    let openssl = "openssl dgst -sha256"
    try compare(
      "digest of 1 GiB", Program(tool, one), with: openssl, Program("openssl", ["dgst", "-sha256", "1G"]),
      rounds: 5, target: 1.05)
    try compare(
      "digests of 2 × 512 MiB", Program(tool, two), with: openssl,
      Program("openssl", ["dgst", "-sha256", "512M", "512M"]), rounds: 5)
    try compare(
      "digest of 1 GiB", Program(tool, one), with: "sha256sum", Program("sha256sum", ["1G"]), rounds: 3)
  }

  private mutating func memories() throws {
    let works: [(String, [String])] = [
      ("patch, 4 GiB", ["patch", "p.bin", "-o", "q.bin", "--segment", "sparse@0x80000000"]),
      (
        "build --copy, 1 GiB",
        ["build", "--memory", "0x40000000+16G", "--initrd", "1G", "--output-dir", "out", "--copy"]
      ),
      ("check of that folder", ["check", "out"]),
    ]
    for (name, arguments) in works {
      memory.append(Memory(work: name, bytes: try Program(tool, arguments).peakMemory()))
    }
  }

  private mutating func starts() throws {
    let tool = tool
    for (name, arguments) in [
      ("show", ["show", "p.elf"]),
      ("patch --kernel-entry", ["patch", "p.elf", "--kernel-entry", "0x80000000"]),
      ("check", ["check", "p.elf"]),
    ] {
      try compare(
        name, Program(tool, arguments), with: "readelf -h", Program("readelf", ["-h", "p.elf"]), rounds: 100,
        target: 1.5)
    }
  }

  /// The assembler for each file and the linker once, one after the other; divided by the cores, as if they were all busy.
  private mutating func builds() throws {
    let tool = tool
    let source = "\(packageFolder)/purgatory"
    let names = try FileManager.default.contentsOfDirectory(atPath: source).filter { $0.hasSuffix(".S") }
      .sorted()
    let assemblies = try names.map { name in
      try Program(
        "clang",
        [
          "--target=aarch64-none-elf", "-I", "\(source)/include", "-c", "\(source)/\(name)", "-o",
          "\(name).o",
        ])
    }
    let link = try Program(
      "ld.lld",
      ["-pie", "--no-dynamic-linker", "-z", "max-page-size=4096", "-T", "\(source)/purgatory.lds"]
        + names.map { "\($0).o" } + ["-o", "hand.elf"])
    let cores = Double(ProcessInfo.processInfo.activeProcessorCount)
    let build = try Program(tool, ["build", "--source", source, "-o", "b.bin", "-q"])
    try compare(
      "build from sources", { try build.time() }, with: "clang and ld.lld by hand, by the cores",
      { try (assemblies + [link]).reduce(0) { try $0 + $1.time() } / cores }, rounds: 9, target: 1.3)
  }

  /// A script that does the least: finds the struct by its symbol, and writes eight bytes.
  private mutating func patches() throws {
    let tool = tool
    try folder.write(
      """
      import sys
      from elftools.elf.elffile import ELFFile
      with open(sys.argv[1], "r+b") as file:
          elf = ELFFile(file)
          symbol = elf.get_section_by_name(".symtab").get_symbol_by_name("purgatory_info")[0]
          offset = next(elf.address_offsets(symbol["st_value"], 0x390))
          file.seek(offset + 0x10)
          file.write(int(sys.argv[2], 0).to_bytes(8, "little"))
      """, to: "patch.py")
    try compare(
      "patch --kernel-entry", Program(tool, ["patch", "p.elf", "--kernel-entry", "0x80000000", "-q"]),
      with: "a Python script with pyelftools",
      Program("/usr/bin/python3", ["patch.py", "p.elf", "0x80000000"]), rounds: 20)
  }

  /// The programs of this machine: not all are position-independent, so what is found does not count.
  private mutating func checks() throws {
    let tool = tool
    let names = try FileManager.default.contentsOfDirectory(atPath: "/usr/bin").sorted().map {
      "/usr/bin/\($0)"
    }
    let files = names.filter { name in
      guard (try? FileManager.default.destinationOfSymbolicLink(atPath: name)) == nil,
        let file = FileHandle(forReadingAtPath: name), let start = try? file.read(upToCount: 4)
      else { return false }
      return Array(start) == [0x7f] + Array("ELF".utf8)
    }.prefix(200)
    guard files.count == 200 else {
      throw ToolFailure(description: "/usr/bin: \(files.count) ELF files, expected 200")
    }
    let list = files.map { "'\($0)'" }.joined(separator: " ")
    try compare(
      "check of \(files.count) programs",
      Program("/bin/sh", ["-c", "'\(tool)' check --profile pie \(list); [ $? -le 1 ]"]),
      with: "a loop of readelf -rW",
      Program("/bin/sh", ["-c", "for file in \(list); do readelf -rW \"$file\"; done"]), rounds: 5)
  }

  /// What it was measured on.
  private static var machine: String {
    let processors = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let model = processors.split(separator: "\n").first { $0.hasPrefix("model name") }?
      .split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    let release = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? ""
    return "\(model ?? "unknown processor"), \(ProcessInfo.processInfo.activeProcessorCount) cores, "
      + "Linux \(release.trimmingCharacters(in: .whitespacesAndNewlines))"
  }

  static func markdown(_ results: Results) -> String {
    var lines = [
      "On the host (\(results.machine)), medians:", "", "| work | | beside | | ratio | at most |",
      "|---|---:|---|---:|---:|---:|",
    ]
    for row in results.rows {
      let target = row.target.map { String(format: "%.2f", $0) } ?? ""
      lines.append(
        "| \(row.work) | \(time(row.seconds)) | \(row.measure) | \(time(row.measureSeconds)) | "
          + String(format: "%.2f", row.ratio) + " | \(target) |")
    }
    lines += ["", "| work | memory at most |", "|---|---:|"]
    lines += results.memory.map {
      "| \($0.work) | \(String(format: "%.1f", Double($0.bytes) / 1_048_576)) MiB |"
    }
    return lines.joined(separator: "\n")
  }

  private static func time(_ seconds: Double) -> String {
    seconds < 1 ? String(format: "%.1f ms", seconds * 1000) : String(format: "%.2f s", seconds)
  }
}
