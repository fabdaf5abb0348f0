// RelocationText.swift — a relocation in words: where it is, what it is, what it refers to
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// The words for a relocation that a person is told of.
struct RelocationText {
  let location: String
  /// Its type, its symbol and addend, or the address that it stands for.
  let what: String
  /// What an allowance may name.
  let subjects: [String]

  init(
    _ entry: RelocationEntry, _ table: RelocationTable, isDynamic: Bool, in elf: borrowing ELFFile,
    _ landmarks: inout Landmarks, _ symbols: inout RelocationSymbols
  ) throws(ELFError) {
    let type = RelocationClass.typeName(entry.type, for: elf.header.machine)
    let name = try symbols.name(of: entry, in: table, elf)
    let isObject = elf.header.type == .relocatable
    let section =
      isObject ? table.targetSection.map { elf.sections[$0] } : landmarks.section(of: entry.offset)

    let offset = String(hex: entry.offset)
    var place =
      isObject
      ? section.map { "\($0.name.shortened)+\(offset)" } : landmarks.place(of: entry.offset)
    if section?.flags.contains(.execute) ?? false,
      let function = landmarks.function(at: entry.offset, in: isObject ? section?.index : nil)
    {
      place = place.map { "\($0) (\(function))" }
    }
    location = isDynamic || place == nil ? "\(table.name.shortened): \(place ?? offset)" : place ?? offset
    subjects = [section?.name, name, type].compactMap(\.self)

    let addend = entry.addend ?? 0
    let distance = addend == 0 ? "" : (addend < 0 ? "-" : "+") + String(hex: addend.magnitude)
    if let name {
      what = "\(type) against \(name.shortened)\(distance)"
    } else if isDynamic, entry.symbol == 0,
      let target = entry.addend.map(UInt64.init) ?? elf.address(at: entry.offset),
      target != 0
    {
      what = "\(type) to \(landmarks.label(at: target) ?? landmarks.place(of: target) ?? String(hex: target))"
    } else if entry.symbol == 0, addend != 0 {
      what = "\(type) of \(distance)"
    } else {
      what = type
    }
  }
}
