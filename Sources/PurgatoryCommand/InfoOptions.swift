// InfoOptions.swift — the options that fill in struct purgatory_info, for build and patch alike
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit

struct InfoOptions: ParsableArguments {
  @Option(
    help: .init(
      "The kernel, an arm64 Image, or what it is packed in; its base is the entry.", valueName: "file[@addr]"),
    completion: .file(),
    transform: PlacedFile.init(parsing:))
  var kernel: [PlacedFile] = []

  @Option(help: .init("Enter here, not at the kernel's base.", valueName: "addr"), transform: parseAddress)
  var kernelEntry: UInt64?

  @Option(
    help: .init("The device tree, handed over in x0.", valueName: "file[@addr]"), completion: .file(),
    transform: PlacedFile.init(parsing:))
  var dtb: [PlacedFile] = []

  @Option(
    help: .init(
      "Hand over this address in x0; 0: the x0 that the purgatory is entered with.", valueName: "addr"),
    transform: parseAddress)
  var dtbAddr: UInt64?

  @Option(
    help: .init(
      "Store the result for the next system here; 0: nowhere. (default: in /chosen/purgatory,result of --dtb)",
      valueName: "addr"),
    transform: parseAddress)
  var resultAddr: UInt64?

  @Option(
    help: .init("The initial RAM disk; the device tree is told of it.", valueName: "file[@addr]"),
    completion: .file(),
    transform: PlacedFile.init(parsing:))
  var initrd: [PlacedFile] = []

  @Option(
    help: .init(
      "Any other file to verify; zeros follow it up to memsize. Repeatable.",
      valueName: "file[@addr[+memsize]]"), completion: .file(),
    transform: PlacedFile.init(parsingSized:))
  var segment: [PlacedFile] = []

  @Option(
    help: .init("The kernel's command line, put into the device tree.", valueName: "string"))
  var cmdline: String?

  @Option(
    help: .init(
      "RAM, to place files without @addr in and to tell the device tree of. Repeatable. (default: what --dtb says)",
      valueName: "base+size"),
    transform: parseMemory)
  var memory: [Range<UInt64>] = []

  @Option(
    help: .init(
      "Where the purgatory itself will be loaded. (default: placed, if memory is known)", valueName: "addr"),
    transform: parseAddress)
  var loadAddress: UInt64?

  @Flag(
    inversion: .prefixedNo,
    help: "Store addresses relative to --load-address (0), so that all can be loaded elsewhere together.")
  var relative: Bool?

  @Flag(help: "Keep kaslr-seed and rng-seed in a device tree that is written: every boot of it has the same.")
  var keepSeeds = false

  @Flag(
    help: "Take addresses and --memory as they are, also where the device tree has no memory or reserves it.")
  var force = false

  @OptionGroup var digest: DigestOptions
  @OptionGroup var behaviour: BehaviourOptions

  func validate() throws {
    for (name, files) in [("--kernel", kernel), ("--dtb", dtb), ("--initrd", initrd)] where files.count > 1 {
      throw ValidationError("\(files.count) times \(name), expected one; --segment takes any number of files")
    }
  }

  /// The files that are named.
  var files: [String] { (kernel + dtb + initrd + segment).map(\.file) }

  /// What the options name.
  private struct Inputs {
    var files: [File] = []
    var kernel: KernelFile?
    /// What could not be read.
    var problems: [Problem] = []

    func has(_ role: Segment.Role) -> Bool { files.contains { $0.role == role } }
  }

  /// Reads the files that are named, and of a UKI what no option names.
  private func read(_ progress: Progress?) -> Inputs {
    var inputs = Inputs()
    func add(_ role: Segment.Role, _ placed: PlacedFile) throws(Rejection) {
      let contents =
        role == .dtb
        ? try Files.deviceTree(placed.file) : try Contents(path: placed.file)
      let kernel = role == .kernel ? try KernelFile(contents, progress) : nil
      inputs.kernel = kernel ?? inputs.kernel
      inputs.files.append(
        File(
          role: role, name: placed.file, contents: kernel?.image ?? contents, address: placed.address,
          memorySize: placed.memorySize, unpackedName: kernel?.containers.isEmpty == false ? "Image" : nil))
    }
    let roles: [(Segment.Role, [PlacedFile])] = [
      (.kernel, kernel), (.dtb, dtb), (.initrd, initrd), (.segment, segment),
    ]
    for (role, placed) in roles.flatMap({ role, files in files.map { (role, $0) } }) {
      do {
        try add(role, placed)
      } catch {
        inputs.problems += error.problems
      }
    }
    let parts: [(Segment.Role, isNamed: Bool, contents: Contents?, name: String)] = [
      (
        .dtb, !dtb.isEmpty, inputs.kernel?.deviceTree.map { Contents($0, name: "devicetree.dtb") },
        "devicetree.dtb"
      ),
      (.initrd, !initrd.isEmpty, inputs.kernel?.initrd, "initrd"),
    ]
    for case (let role, false, let contents?, let name) in parts {
      inputs.files.append(
        File(
          role: role, name: "\(kernel.first?.file ?? ""):.\(role.rawValue)", contents: contents, address: nil,
          unpackedName: name))
    }
    return inputs
  }

  /// What is loaded is not the file that was named.
  private func packingNotes(_ inputs: Inputs, written: Bool) -> [String] {
    guard let file = kernel.first?.file, let unpacked = inputs.kernel, !unpacked.containers.isEmpty else {
      return []
    }
    let image =
      "\(file): \(unpacked.containers.joined(separator: ", ")): the Image in it, \(unpacked.image.count.grouped) bytes"
    var notes = [written ? "\(image), is written, too" : "\(image), is what is verified and has to be loaded"]
    if unpacked.commandLine != nil, cmdline == nil, !inputs.has(.dtb) {
      notes.append("\(file): its .cmdline is lost: there is no device tree to put it in")
    }
    return notes
  }

  /// Reads the files that are named, and places those that have no address.
  ///
  /// - Parameters:
  ///   - defaults: whether the device tree decides what no option says, as for a new purgatory.
  ///   - known: the board, if no option names a device tree.
  ///   - updatesDeviceTree: whether the caller writes the device tree of the layout.
  func changes(
    to info: PurgatoryInfo, defaults: Bool, updatesDeviceTree: Bool, board known: Board? = nil,
    _ progress: Progress? = nil
  ) throws(Rejection) -> (InfoChanges, Layout, notes: [String]) {
    if let problem = Problem.tooManySegments(files.count) { throw Rejection(problem) }
    let inputs = read(progress)
    // What follows from a device tree that cannot be read is not said.
    if !dtb.isEmpty, !inputs.has(.dtb) { throw Rejection(inputs.problems) }
    // A relative purgatory has no place of its own: everything else is placed around it, from 0 on.
    let isRelative = relative ?? info.flags.contains(.relative)
    var request = LayoutRequest(
      files: inputs.files, memory: memory,
      commandLine: cmdline ?? (inputs.has(.dtb) ? inputs.kernel?.commandLine : nil),
      purgatorySize: info.memorySize, loadAddress: loadAddress)
    request.placesPurgatory = !inputs.files.isEmpty && !isRelative
    request.isRelative = isRelative
    request.bootsKernel = !kernel.isEmpty || kernelEntry != nil
    request.updatesDeviceTree = updatesDeviceTree
    request.keepsSeeds = keepSeeds
    request.isForced = force
    request.resultAddress = resultAddr
    let layout: Layout
    do throws(Rejection) {
      layout = try Layout(request)
    } catch {
      throw inputs.problems.isEmpty ? error : Rejection(inputs.problems + error.problems)
    }
    guard inputs.problems.isEmpty else { throw Rejection(inputs.problems) }
    let board =
      try inputs.files.first { $0.role == .dtb }.map { file throws(Rejection) in
        try Board(file.contents.bytes(.deviceTree), file: file.name)
      } ?? known

    var changes = InfoChanges()
    changes.segments = layout.segments
    changes.kernelEntry = kernelEntry
    changes.dtbAddress = dtbAddr
    changes.resultAddress = resultAddr
    changes.loadAddress = layout.loadAddress
    changes.digest = digest.digest
    let notes = try behaviour.apply(to: &changes, blob: info, board: board, defaults: defaults)
    changes.relative = relative
    return (changes, layout, layout.notes + notes + packingNotes(inputs, written: updatesDeviceTree))
  }
}
