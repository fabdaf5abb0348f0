// LayoutRequest.swift — what is to be placed, as the user says it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// A file to load, with the address that the user gave or none.
public struct File: Sendable {
  /// What it is to the next kernel.
  public let role: Segment.Role
  /// What it is called in errors, and in a manifest.
  public let name: String
  /// Its bytes.
  public let contents: Contents
  /// Its physical address; nil: it is placed.
  public let address: UInt64?
  /// Bytes that it takes in memory, zeros after its own; nil: what it says or has.
  public let memorySize: UInt64?
  /// What it is called when it is written, if it was unpacked from the file `name`; nil: it is that file.
  package let unpackedName: String?

  /// A file that is named as its contents are.
  ///
  /// - Parameters:
  ///   - role: what it is to the next kernel.
  ///   - contents: its bytes; of a kernel, those of the Image that `KernelFile` unpacks.
  ///   - address: a physical address, a multiple of 16, of a kernel of 2 MiB plus its text_offset; nil: it is placed.
  ///   - memorySize: bytes that it takes in memory, zeros after its own; nil: what it says or has.
  public init(
    role: Segment.Role, contents: Contents, address: UInt64? = nil, memorySize: UInt64? = nil
  ) {
    self.init(
      role: role, name: contents.name, contents: contents, address: address, memorySize: memorySize)
  }

  package init(
    role: Segment.Role, name: String, contents: Contents, address: UInt64?, memorySize: UInt64? = nil,
    unpackedName: String? = nil
  ) {
    self.unpackedName = unpackedName
    self.role = role
    self.name = name
    self.contents = contents
    self.address = address
    self.memorySize = memorySize
  }

  /// A file whose bytes are held.
  package init(
    role: Segment.Role, name: String, bytes: [UInt8], address: UInt64?, memorySize: UInt64? = nil,
    unpackedName: String? = nil
  ) {
    self.init(
      role: role, name: name, contents: Contents(bytes, name: name), address: address, memorySize: memorySize,
      unpackedName: unpackedName)
  }

  /// A device tree's bytes.
  func deviceTree() throws(Rejection) -> [UInt8] { try contents.bytes(.deviceTree) }
}

/// What is to be placed, and what is known of the memory.
public struct LayoutRequest: Sendable {
  /// At most one kernel, DTB and initrd.
  public var files: [File]
  /// RAM, as ranges of physical addresses; empty: what the device tree says.
  public var memory: [Range<UInt64>]
  /// What the device tree is to have for the kernel as its command line; nil: what it has.
  public var commandLine: String?
  /// Bytes that the purgatory takes from its base on: `PurgatoryInfo.memorySize`.
  public var purgatorySize: UInt64
  /// The purgatory's base, where the user gave one.
  public var loadAddress: UInt64?
  /// Where the user wants the purgatory's result; nil and 0: where the device tree has room, or nowhere.
  public var resultAddress: UInt64?
  /// Choose a base for the purgatory where `loadAddress` is nil.
  public var placesPurgatory = false
  /// Addresses are relative to the purgatory: without a base of its own it is at 0.
  public var isRelative = false
  /// A kernel will get the device tree.
  public var bootsKernel = false
  /// Tell the device tree of memory, initrd and command line, and make room for the purgatory's result; otherwise it has to
  /// say so already.
  public var updatesDeviceTree = false
  /// Leave the random numbers for one boot in a device tree that is written.
  public var keepsSeeds = false
  /// The user's addresses hold, also in reserved memory, and so does the user's memory.
  public var isForced = false

  /// Asks for a place for `files`.
  ///
  /// - Parameters:
  ///   - files: at most one kernel, device tree and initrd; any number of segments.
  ///   - memory: RAM, as ranges of physical addresses; empty: what the device tree says.
  ///   - commandLine: for the device tree; nil: what it has.
  ///   - purgatorySize: bytes that the purgatory takes from its base on, `PurgatoryInfo.memorySize`.
  ///   - loadAddress: the purgatory's base, a multiple of 4 KiB; nil: none, or chosen if `placesPurgatory` is set.
  public init(
    files: [File], memory: [Range<UInt64>] = [], commandLine: String? = nil, purgatorySize: UInt64,
    loadAddress: UInt64? = nil
  ) {
    self.files = files
    self.memory = memory
    self.commandLine = commandLine
    self.purgatorySize = purgatorySize
    self.loadAddress = loadAddress
  }
}
