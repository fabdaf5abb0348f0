// Layout.swift — a place in memory for every file, and for the purgatory
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

/// Where everything goes, by the rules of Linux's booting.rst and the board's device tree. Equal inputs give equal layouts.
public struct Layout: Sendable {
  /// In the order of the regions: kernel, DTB, initrd, others. The DTB is the one to load, with what it was told.
  public let segments: [Segment]
  /// The purgatory's base, a physical address; nil: nobody asked, or there is no memory to choose it from.
  public let loadAddress: UInt64?
  /// RAM that was placed in, by physical address; empty: unknown.
  public let memory: [Range<UInt64>]
  /// Memory that the device tree reserves, by physical address: nothing is placed in it.
  public let reserved: [Range<UInt64>]
  /// The DTB is not the file's.
  public let deviceTreeChanged: Bool
  /// What was decided that the user may not expect, in sentences.
  public let notes: [String]

  /// What the device tree has for the kernel as its command line; nil: it has none, or there is no device tree.
  public let commandLine: String?

  /// Places the files: those with an address where that says, the others where booting.rst lets them be.
  ///
  /// - Throws: `Rejection`, with all that keeps something from its place: no memory known or left, overlaps, an initrd more
  ///   than 32 GiB from its kernel, a device tree that would have to be told something when `request` does not let it be.
  public init(_ request: LayoutRequest) throws(Rejection) {
    let files = request.files
    // None is placed then, or there would be as many problems as there are pairs.
    if let problem = Problem.tooManySegments(files.count) { throw Rejection(problem) }
    let dtb = files.first { $0.role == .dtb }
    var problems: [Problem] = []
    var board: Board?
    if let dtb {
      do throws(Rejection) {
        // All that is wrong with it, its address too; one that has none yet is anywhere.
        let base = dtb.address ?? PurgatoryInfo.loadAlignment
        _ = try Segment(role: .dtb, file: dtb.name, contents: dtb.contents, base: base)
        board = try Board(dtb.deviceTree(), file: dtb.name)
      } catch {
        problems += error.problems
      }
    }
    if request.commandLine != nil, dtb == nil {
      problems.append(
        Problem("--cmdline", found: "no device tree to put it in", expected: "--dtb", help: "add --dtb FILE"))
    }
    let map = MemoryMap(board: board, told: request.memory, isForced: request.isForced)
    memory = map.memory
    reserved = map.reserved
    problems += map.problems
    if !request.updatesDeviceTree, request.bootsKernel, let problem = map.unwritten {
      problems.append(problem)
    }
    var changes = BoardChanges()
    changes.memory = map.stated
    changes.commandLine = request.commandLine
    changes.dropsSeeds = !request.keepsSeeds
    changes.reservesResult = true

    var placer = Placer(map)
    for file in files where file.address != nil { placer.take(file) }
    // A device tree grows when it is told something.
    if request.updatesDeviceTree, let board, let address = dtb?.address {
      var grown = changes
      if files.contains(where: { $0.role == .initrd }) { grown.initrd = .at(Range(uncheckedBounds: (0, 1))) }
      placer.take(base: address, size: UInt64((try? board.bytes(grown))?.count ?? 0))
    }
    if let base = request.loadAddress ?? (request.isRelative ? 0 : nil) {
      placer.take(base: base, size: request.purgatorySize)
    }

    // The kernel first: what it needs is rarest. The DTB last: it has to say where the initrd is.
    var placed: [Segment.Role: Segment] = [:]
    var others: [Segment] = []
    // Why nothing can be placed has been said.
    var homeless = !map.problems.isEmpty || (dtb != nil && board == nil)
    for role in [Segment.Role.kernel, .initrd, .segment] {
      for file in files where file.role == role {
        do throws(Rejection) {
          if file.address == nil, homeless { continue }
          if file.address == nil, let problem = map.unknown {
            homeless = true
            throw Rejection(problem)
          }
          let segment = try placer.place(file, kernel: placed[.kernel])
          if role == .segment { others.append(segment) } else { placed[role] = segment }
        } catch {
          problems += error.problems
        }
      }
    }
    var notes = map.notes
    if let board, request.bootsKernel, request.memory.isEmpty, board.memory.isEmpty, !board.isOfUEFI,
      !board.isOfKdump
    {
      notes.append(
        "\(board.file): no memory in it, and nobody completes a tree that is verified: a kernel finds none")
    }
    var commandLine: String?
    var changed = false
    if let dtb, let board {
      do throws(Rejection) {
        let initrd = files.first { $0.role == .initrd }
        let loaded = Array(placed.values) + others
        if let range = placed[.initrd]?.range {
          changes.initrd = .at(range)
        } else if initrd == nil, board.namesInitrd, !loaded.contains(where: { $0.range == board.initrd }) {
          changes.initrd = .dropped
        }
        let old = try dtb.deviceTree()
        var bytes = old
        if request.updatesDeviceTree {
          bytes = try board.bytes(changes)
          notes += board.notes(on: changes, canKeepSeeds: true)
          if request.isRelative, let initrd = placed[.initrd] {
            notes.append(
              "\(dtb.name): /chosen: the initrd at \(initrd.range.addresses), which does not move with a relative purgatory"
            )
          }
        } else {
          var asked = BoardChanges()
          asked.commandLine = request.commandLine
          if let range = placed[.initrd]?.range { asked.initrd = .at(range) }
          if request.commandLine != nil || (initrd != nil && initrd?.address == nil),
            try board.bytes(asked) != old
          {
            throw Self.unwritten(dtb.name)
          }
          if !request.keepsSeeds { notes += board.seedsNote.map { [$0] } ?? [] }
          if initrd != nil, !board.namesInitrd {
            notes.append(
              "\(dtb.name): /chosen names no initrd, so the kernel will not find it; purgatory build --output-dir tells it"
            )
          }
        }
        changed = bytes != old
        let final = try Board(bytes, file: dtb.name)
        commandLine = final.commandLine
        let file = File(
          role: .dtb, name: dtb.name,
          contents: changed ? Contents(bytes, name: dtb.name, origin: dtb.contents) : dtb.contents,
          address: dtb.address, unpackedName: dtb.unpackedName)
        if dtb.address == nil, !homeless, let problem = map.unknown { throw Rejection(problem) }
        if dtb.address != nil || !homeless { placed[.dtb] = try placer.place(file, kernel: nil) }
        let isMissing = initrd != nil && placed[.initrd] == nil  // which has been said
        if !isMissing, let range = final.initrd, !loaded.contains(where: { $0.range == range }) {
          throw Rejection(
            Problem(
              dtb.name, "/chosen", found: "an initrd at \(range.addresses)",
              expected: placed[.initrd].map { "it at \($0.range.addresses)" }
                ?? "a file that is loaded there",
              help: placed[.initrd] == nil
                ? "add --initrd FILE@\(String(hex: range.lowerBound)), or let purgatory build --output-dir write a tree without it"
                : "let purgatory build --output-dir write a device tree that says so"))
        }
      } catch {
        problems += error.problems
      }
    }
    deviceTreeChanged = changed
    self.notes = notes
    self.commandLine = commandLine

    var base = request.loadAddress
    if base == nil, request.placesPurgatory, !memory.isEmpty, problems.isEmpty {
      base =
        placer.free.place(size: request.purgatorySize, alignment: PurgatoryInfo.loadAlignment)?.lowerBound
      if base == nil {
        problems.append(
          placer.noRoom("the purgatory", request.purgatorySize, alignment: PurgatoryInfo.loadAlignment))
      }
    }
    loadAddress = base
    segments = [placed[.kernel], placed[.dtb], placed[.initrd]].compactMap { $0 } + others
    let misplaced = misplaced(request)
    guard misplaced.isEmpty else {
      throw Rejection(problems + misplaced).with(
        MemoryDiagram(self, loadSize: request.purgatorySize, memorySize: request.purgatorySize))
    }
    guard problems.isEmpty else { throw Rejection(problems) }
  }

  /// What is not where it can be: mostly where the user said so.
  private func misplaced(_ request: LayoutRequest) -> [Problem] {
    if request.isForced { return [] }
    var ranges = segments.map { (name: $0.file, range: $0.range) }
    if let range = loadAddress.flatMap({ Range(base: $0, size: request.purgatorySize) }) {
      ranges.append(("the purgatory", range))
    }
    if let address = request.resultAddress, address != 0,
      let range = Range(base: address, size: UInt64(PurgatoryInfo.resultSize))
    {
      ranges.append(("--result-addr", range))
    }
    var problems: [Problem] = []
    func report(_ name: String, found: String, expected: String) {
      problems.append(
        Problem(
          name, "address", found: found, expected: expected,
          help: "let it be placed, without an address; or, if you know better, add --force"))
    }
    for (name, range) in ranges {
      if !memory.isEmpty, !memory.contains(where: { $0.contains(range) }) {
        report(name, found: range.addresses, expected: "memory: \(Self.list(memory))")
      } else if let taken = reserved.first(where: { $0.overlaps(range) }) {
        report(
          name, found: "\(range.addresses), and \(taken.addresses) is reserved",
          expected: "memory that the device tree does not reserve")
      }
    }
    guard let initrd = segments.first(where: { $0.role == .initrd }) else { return problems }
    if initrd.base == 0, !request.isRelative {
      report(initrd.file, found: "0x0", expected: "any other")
    }
    if let kernel = segments.first(where: { $0.role == .kernel }),
      let window = Self.initrdWindow(around: kernel.range),
      initrd.range.lowerBound < window.lowerBound || initrd.range.upperBound &- 1 > window.upperBound
    {
      report(
        initrd.file, found: initrd.range.addresses,
        expected:
          "\(String(hex: window.lowerBound))-\(String(hex: window.upperBound)), within 32 GiB of the kernel")
    }
    return problems
  }

  /// Where an initrd may be: booting.rst wants it and the kernel in one window of 32 GiB that starts at a multiple of
  /// 1 GiB. This is from the start of the lowest such window to the end of the highest.
  ///
  /// - Returns: nil for a kernel that no such window holds.
  static func initrdWindow(around kernel: Range<UInt64>) -> ClosedRange<UInt64>? {
    let (unit, size): (UInt64, UInt64) = (1 << 30, 32 << 30)
    let highest = kernel.lowerBound.roundedDown(to: unit)
    // The lowest multiple of 1 GiB from which 32 GiB reach to the kernel's end.
    let lowest = kernel.upperBound.minus(size)?.roundedUp(to: unit) ?? 0
    guard lowest <= highest else { return nil }
    return ClosedRange(uncheckedBounds: (lowest, highest.plus(size &- 1) ?? .max))
  }

  /// The device tree would have to be changed, and nobody would write it.
  private static func unwritten(_ file: String) -> Rejection {
    Rejection(
      Problem(
        file, "/chosen", found: "not what --initrd and --cmdline say",
        expected: "a place to write the changed DTB to",
        help: "use purgatory build --output-dir DIR"))
  }

  static func list(_ ranges: [Range<UInt64>]) -> String {
    let shown = ranges.prefix(4).map(\.addresses)
    let more = ranges.count - shown.count
    return ranges.isEmpty ? "none" : (shown + (more > 0 ? ["\(more) more"] : [])).joined(separator: ", ")
  }
}
