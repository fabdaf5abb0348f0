// KexecGraft.swift — replace the purgatory that a kexec-tools binary carries
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// A kexec-tools program with our purgatory in the place of its own.
public struct KexecGraft: Sendable {
  /// The program: as many bytes as before.
  public let bytes: [UInt8]
  /// Where the purgatory lies in the program, in bytes.
  package let offset: Int
  /// Bytes of the purgatory that the program had.
  package let oldSize: Int
  /// Bytes of the one that it has now.
  package let newSize: Int

  /// Replaces the purgatory in `program`.
  ///
  /// - Parameters:
  ///   - program: the bytes of the kexec binary, which may be stripped.
  ///   - file: its name, for errors.
  ///   - object: our purgatory.
  /// - Throws: `Rejection` for what is no ELF file, carries no AArch64 purgatory of kexec-tools or several, or has no room.
  public init(program: [UInt8], file: String, object: RelocatableObject) throws(Rejection) {
    guard ELFFile.looksLikeELF(program) else {
      throw Rejection(
        Problem(
          file, found: "no ELF file", expected: "the kexec program, not packed and not a script",
          help: "give the kexec of an arm64 kexec-tools package, usr/sbin/kexec"))
    }
    do {
      _ = try ELFFile(program)
    } catch {
      throw Rejection(error.finding.problem(in: file))
    }
    let purgatories = EmbeddedELF.all(in: program)
    guard purgatories.count == 1, let range = purgatories.first?.range else {
      throw Rejection(
        Problem(
          file, found: "\(purgatories.isEmpty ? "no purgatory" : "\(purgatories.count) purgatories") in it",
          expected: "the one of kexec-tools",
          help: "give the kexec of an arm64 kexec-tools package, usr/sbin/kexec"))
    }
    let place = "purgatory at offset \(String(hex: UInt64(range.lowerBound)))"
    do {
      let elf = try ELFFile(Array(program[range]))
      let symbols = Set(try elf.symbols().filter { $0.definition != .undefined }.map(\.name))
      guard elf.header.machine == .aarch64, elf.header.elfClass == .elf64 else {
        throw Rejection(
          Problem(
            file, place, found: "one for \(elf.header.machine.name)", expected: "one for AArch64",
            help: "give the kexec of an arm64 kexec-tools package, usr/sbin/kexec"))
      }
      guard !symbols.contains(PurgatoryRules.infoSymbol) else {
        throw Rejection(
          Problem(
            file, place, found: "one of ours", expected: "kexec-tools' own",
            help: "it has been grafted already"))
      }
      let missing = Self.symbols.subtracting(symbols).sorted()
      guard elf.header.type == .relocatable, missing.isEmpty else {
        throw Rejection(
          Problem(
            file, place,
            found: missing.isEmpty ? elf.header.type.name : "no \(missing.joined(separator: ", "))",
            expected: "the object that kexec-tools fills in",
            help: "give a kexec that has none of ours yet, as its package has it"))
      }
    } catch {
      throw error as? Rejection
        ?? Rejection(
          Problem(
            file, place, found: "\(error)",
            help: "give the kexec of an arm64 kexec-tools package, usr/sbin/kexec"))
    }
    guard object.bytes.count <= range.count else {
      throw Rejection(
        Problem(
          file, place, found: "\(range.count) bytes", expected: "room for the \(object.bytes.count) of ours",
          help: "build kexec-tools from source with the output of purgatory build --format ro"))
    }
    // The program knows its purgatory's size; zeros behind an ELF file's tables are nothing to it.
    let padding = [UInt8](repeating: 0, count: range.count - object.bytes.count)
    var bytes = program
    bytes.replaceSubrange(range, with: object.bytes + padding)
    self.bytes = bytes
    offset = range.lowerBound
    oldSize = range.count
    newSize = object.bytes.count
  }

  /// What kexec-tools' arm64 code looks up.
  private static let symbols: Set<String> = [
    "purgatory_start", "arm64_kernel_entry", "arm64_dtb_addr", "arm64_sink", "sha256_regions",
    "sha256_digest",
    "skip_checks",
  ]
}
