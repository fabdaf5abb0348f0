// Checker+Proofs.swift — proofs as files are judged: links at several bases, and a flat file by its ELF file
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

extension Checker {
  /// What `proof`, the links of `input`, has shown.
  public func judge(_ proof: LinkProof, of input: LinkInput) -> CheckedFile {
    var file = newFile(input.script)
    file.judged = "what \(input.words) links, at three bases, for \(proof.machine)"
    file.list.add(proof.findings)
    file.unjudged = Set(Rule.allCases).subtracting(Profile.pie.rules.union([.proof])).union([.manifest])
    file.proof =
      proof.findings.isEmpty
      ? .made(by: "links at three bases, whose bytes are the same")
      : .missing(reason: "links at other bases have other bytes", help: Rule.absoluteAddress.help)
    if proof.alignment > PurgatoryInfo.loadAlignment {
      file.notes.append(
        "the script aligns to more than 4 KiB: the bytes run at multiples of \(proof.alignment >> 10) KiB")
    }
    return concluded(file)
  }

  /// Links were not made: nothing is proven, and nothing judged.
  public func judge(_ rejection: Rejection, of input: LinkInput) -> CheckedFile {
    var file = newFile(input.script)
    file.judged = "what \(input.words) links"
    for problem in rejection.problems {
      file.list.add(
        Finding(
          .proof, problem.place ?? "link at its own base", found: problem.found,
          expected: problem.expected ?? "a link, as proof", help: problem.help ?? "mend what the linker says",
          mayBeAllowed: false))
    }
    return concluded(file)
  }

  /// Judges the ELF file at `elf`, and whether the flat file at `flat` is its bytes.
  public func check(flat: String, elf path: String) -> [CheckedFile] {
    let elfFile = check(path: path)
    var file = newFile(flat)
    file.judged = "a flat file, by the ELF file \(path)"
    file.unjudged = Set(Rule.allCases).subtracting([.malformedELF, .flatLayout, .proof])
    do throws(Rejection) {
      let bytes = try Files.read(flat, .segment)
      let elfBytes = try Files.read(path, .elf)
      do {
        let elf = try ELFFile(elfBytes)
        guard elf.header.type != .relocatable else {
          throw Problem(
            path, "ELF header", found: "an object", expected: "the linked file that the flat one is of")
        }
        file.list.add(FlatImage(elf).differences(from: bytes, filledIn: info(in: elf)))
      } catch {
        throw Rejection(
          error as? Problem ?? (error as? ELFError)?.finding.problem(in: path)
            ?? Problem(path, found: "\(error)"))
      }
      if profile == .purgatory { judge(flatPurgatory: bytes, into: &file) }
    } catch {
      refuse(&file, error)
    }
    switch (elfFile.verdict, elfFile.doubt) {
    case (.proven, _):
      file.proof = .made(by: "its ELF file, which is proven, and has these bytes")
    case (.unproven, let doubt?):
      file.proof = .missing(reason: "its ELF file is not: \(doubt.reason)", help: doubt.help)
    default: file.proof = .missing(reason: "its ELF file fails", help: "mend \(path) first")
    }
    return [elfFile, concluded(file)]
  }

  private func judge(flatPurgatory bytes: [UInt8], into file: inout CheckedFile) {
    do throws(Violations) {
      let blob = try Blob(recognising: bytes, file: file.path)
      file.list.add(blob.info.findings())
      file.unjudged.subtract(PurgatoryInfo.rules)
    } catch {
      file.list.add(error.findings)
    }
  }

  /// Where in the flat file of `elf` a loader writes.
  private func info(in elf: borrowing ELFFile) -> Range<Int>? {
    guard let rules = try? PurgatoryRules(elf, maximumSize: .max), let offset = rules.infoOffset else {
      return nil
    }
    return offset..<offset + PurgatoryInfo.size
  }
}

extension LinkInput {
  fileprivate var words: String {
    "\(script) and \(objects.count) object\(objects.count == 1 ? "" : "s")"
  }
}
