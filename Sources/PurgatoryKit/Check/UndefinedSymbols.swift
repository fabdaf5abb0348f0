// UndefinedSymbols.swift — what nothing of a link defines: GNU ld leaves undefined weak symbols out of what it links
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import SystemPackage

/// What no object and not the script defines: only the objects still tell.
struct UndefinedSymbols {
  private(set) var findings: [Finding] = []
  private var defined: Set<String> = []
  private var undefined: [(symbol: Symbol, object: String)] = []

  /// - Parameter linked: what was made of `objects`, and of the members of those that are archives.
  init(_ objects: [String], linkedTo linked: borrowing ELFFile) throws(ELFError) {
    for symbol in try linked.symbols()
    where symbol.definition != .undefined && symbol.binding != .local && !symbol.name.isEmpty {
      defined.insert(symbol.name)
    }
    let ofLink = defined
    var count = 0
    for path in objects {
      let name = FilePath(path).lastComponent?.string ?? path
      guard let bytes = try? Files.read(path, .elf) else { continue }  // the linker has read it
      if Archive.looksLikeArchive(bytes) {
        for member in try Archive(bytes).members {
          let own = Array(bytes[member.range])
          // A member that defines nothing of the link was left in the archive.
          guard ELFFile.looksLikeELF(own) else { continue }
          let symbols = try ELFFile(own).symbols()
          let isLinked = symbols.contains {
            $0.binding != .local && $0.definition != .undefined && ofLink.contains($0.name)
          }
          guard isLinked else { continue }
          count += 1
          add(symbols, of: "\(name)(\(member.name))")
        }
      } else if ELFFile.looksLikeELF(bytes) {
        let object = try ELFFile(bytes)
        guard !object.isIntermediateCode else {
          throw ELFError(place: name, found: "GCC's intermediate code (-flto)", expected: "machine code")
        }
        count += 1
        add(try object.symbols(), of: name)
      } else {
        count += 1  // bitcode, which the linker compiles
      }
    }
    guard count > 0 else {
      throw ELFError(
        place: "link at its own base", found: "no member of the archives", expected: "objects that are linked"
      )
    }
    var seen = defined.union(Landmarks.linkerNames)
    findings = undefined.filter { seen.insert($0.symbol.name).inserted }.map { symbol, object in
      let kind = symbol.binding == .weak ? "undefined weak symbol" : "undefined symbol"
      return Finding(.undefinedSymbol, symbol.name, found: "\(kind) in \(object)", expected: "a definition")
    }
  }

  private mutating func add(_ symbols: [Symbol], of object: String) {
    for symbol in symbols where !symbol.name.isEmpty {
      if symbol.definition == .undefined {
        undefined.append((symbol, object))
      } else if symbol.binding != .local {
        defined.insert(symbol.name)
      }
    }
  }
}
