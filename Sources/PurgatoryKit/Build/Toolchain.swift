// Toolchain.swift — the cross assembler and linker: which there are, and how each is called
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import FoundationEssentials
import SystemPackage

/// An assembler and a linker for AArch64.
public struct Toolchain: Equatable, Sendable {
  /// Whose tools they are.
  public enum Kind: String, CaseIterable, Sendable {
    /// clang and ld.lld: the Swift toolchain's own, or others in PATH.
    case llvm
    /// as and ld of GNU binutils, with any C preprocessor.
    case gnu
  }

  /// A program and its arguments; outputs are relative to the work directory that it runs in.
  package struct Command: Equatable, Sendable {
    package let program: FilePath
    package let arguments: [String]
    /// What it does, and to what, for errors.
    package let purpose: String

    /// As a shell would take it.
    package var line: String {
      ([program.string] + arguments).map(\.quotedForShell).joined(separator: " ")
    }
  }

  package static let defaultCrossCompile = "aarch64-linux-gnu-"

  /// Whose tools it has.
  public let kind: Kind
  private let preprocessor: FilePath
  private let assembler: FilePath
  private let linker: FilePath

  /// Finds a toolchain: the kind that is asked for, else GNU if a prefix is asked for, else the first there is.
  ///
  /// - Parameters:
  ///   - kind: nil: whatever there is.
  ///   - crossCompile: the prefix of the GNU tools' names, as in the kernel's `CROSS_COMPILE`.
  ///   - path: the directories that are searched, as in `PATH`; unless it is given, `PATH` itself.
  /// - Throws: `Rejection`, with what was looked for.
  public static func find(
    _ kind: Kind? = nil, crossCompile: String? = nil,
    path: String = ProcessInfo.processInfo.environment["PATH"] ?? ""
  ) throws(Rejection) -> Toolchain {
    let kinds = kind.map { [$0] } ?? (crossCompile == nil ? Kind.allCases : [.gnu])
    var problems: [Problem] = []
    for kind in kinds {
      switch kind {
      case .llvm:
        var path = path
        // A Swift toolchain brings both, and its clang knows its ld.lld's version; other LLVMs may be older.
        if let swift = program("swift", in: path) {
          path = resolved(swift).removingLastComponent().string + ":" + path
        }
        if let clang = program("clang", in: path), let lld = program("ld.lld", in: path) {
          return Toolchain(kind: .llvm, preprocessor: clang, assembler: clang, linker: lld)
        }
        problems.append(
          Problem(
            "llvm toolchain", found: "not found", expected: "clang and ld.lld beside swift or in PATH",
            help: "apt-get install clang lld"))
      case .gnu:
        let prefix = crossCompile ?? defaultCrossCompile
        if let cpp = program("\(prefix)cpp", in: path) ?? program("cpp", in: path),
          let assembler = program("\(prefix)as", in: path), let linker = program("\(prefix)ld", in: path)
        {
          return Toolchain(kind: .gnu, preprocessor: cpp, assembler: assembler, linker: linker)
        }
        problems.append(
          Problem(
            "gnu toolchain", found: "not found",
            expected: "\(prefix)as, \(prefix)ld and \(prefix)cpp or cpp in PATH",
            help: "apt-get install binutils-aarch64-linux-gnu cpp"))
      }
    }
    throw Rejection(problems)
  }

  /// The commands that make `elf` of `source`, to be run in order in an empty directory.
  package func commands(building source: PurgatorySource, to elf: String) -> [Command] {
    assemblies(of: source).flatMap { $0 } + [linkCommand(building: source, to: elf)]
  }

  /// For each assembly source the commands that make its object, in order; no source waits for another.
  func assemblies(of source: PurgatorySource) -> [[Command]] {
    let include = ["-I", source.includeDirectory.string]
    return zip(source.assembly, objectNames(of: source)).map { file, object in
      switch kind {
      case .llvm:
        [
          Command(
            program: assembler,
            arguments: ["--target=aarch64-none-elf"] + include + ["-c", file.string, "-o", object],
            purpose: file.string)
        ]
      case .gnu:
        [
          Command(
            program: preprocessor,
            arguments: ["-undef", "-x", "assembler-with-cpp"] + include + [file.string, "-o", "\(object).s"],
            purpose: file.string),
          Command(program: assembler, arguments: ["\(object).s", "-o", object], purpose: file.string),
        ]
      }
    }
  }

  /// The command that links the objects of `source`.
  func linkCommand(building source: PurgatorySource, to elf: String) -> Command {
    linkCommand(
      options: ["-pie", "--no-dynamic-linker", "--fatal-warnings", "--orphan-handling=error"],
      script: source.linkerScript.string, objects: objectNames(of: source), to: elf)
  }

  /// The objects that `commands(building:to:)` leaves in the work directory, in link order.
  package func objectNames(of source: PurgatorySource) -> [String] {
    source.assembly.map { "\($0.stem ?? "").o" }
  }

  package func linkCommand(options: [String], script: String, objects: [String], to elf: String) -> Command {
    // GNU ld warns of any segment that is writable and executable; lld has no such option.
    let quirks = kind == .gnu ? ["--no-warn-rwx-segments"] : []
    return Command(
      program: linker,
      arguments: options + ["-z", "max-page-size=4096"] + quirks + ["-T", script] + objects + ["-o", elf],
      purpose: script)
  }

  /// The executable `name` in the first directory of `path` that has it.
  private static func program(_ name: String, in path: String) -> FilePath? {
    path.split(separator: ":").lazy.map { FilePath(String($0)).appending(name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.string) }
  }

  private static func resolved(_ path: FilePath) -> FilePath {
    FilePath(URL(filePath: path.string).resolvingSymlinksInPath().path)
  }
}
