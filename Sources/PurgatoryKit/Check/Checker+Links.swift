// Checker+Links.swift — links at several bases, as a file is judged
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

extension Checker {
  /// What `proof`, the links of `input`, has shown.
  package func judge(_ proof: LinkProof, of input: LinkInput) -> CheckedFile {
    var file = newFile(input.script)
    file.judged = "what \(input.words) link to, at several bases, for \(proof.machine)"
    for finding in proof.findings {
      file.list.add(FindingList.Kind(rule: finding.rule, section: finding.subjects.first?.hashValue ?? 0)) {
        finding
      }
    }
    file.counts.undefinedSymbols = proof.findings.count { $0.rule == .undefinedSymbol }
    file.unjudged = Set(Rule.allCases).subtracting(Profile.pie.rules.union([.proof])).union([.manifest])
    file.proof =
      proof.findings.isEmpty
      ? .made(by: "links at several bases, whose bytes are the same")
      : .missing(reason: "links at other bases have other bytes", help: Rule.absoluteAddress.help)
    if proof.alignment > PurgatoryInfo.loadAlignment {
      file.notes.append(
        "the script aligns to more than 4 KiB: the bytes run at multiples of \(proof.alignment >> 10) KiB")
    }
    return concluded(file)
  }

  /// Links were not made: nothing is proven, and nothing judged.
  package func judge(_ rejection: Rejection, of input: LinkInput) -> CheckedFile {
    var file = newFile(input.script)
    file.judged = "what \(input.words) link to"
    for problem in rejection.problems {
      file.list.add(
        Finding(
          .proof, problem.place ?? "link at its own base", found: problem.found,
          expected: problem.expected ?? "a link, as proof", help: problem.help ?? "mend what the linker says",
          mayBeAllowed: false))
    }
    return concluded(file)
  }
}

extension LinkInput {
  fileprivate var words: String {
    "\(script) and \(objects.count) object\(objects.count == 1 ? "" : "s")"
  }
}
