// OutputDescriptions.swift — what was built, as JSON; the keys are a contract (docs/json.md)
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

/// A file that was written, or would be.
struct OutputDescription: Encodable {
  let path: String
  /// Bytes.
  let size: UInt64

  static func all(_ outputs: OutputFiles) -> [OutputDescription] {
    outputs.sizes.map { OutputDescription(path: $0.path, size: $0.size) }
  }
}

/// What `build --json` says.
struct BuildDescription: Encodable {
  let outputs: [OutputDescription]
  let purgatory: BlobDescription
  let layout: Layout
  let notes: [String]

  struct Layout: Encodable {
    /// Physical; none if nobody knows where the purgatory will be.
    let loadAddress: UInt64?
    let commandLine: String?
    let segments: [Segment]
    let memory: [Range]
    let reserved: [Range]

    enum CodingKeys: String, CodingKey {
      case segments, memory, reserved
      case loadAddress = "load_address"
      case commandLine = "command_line"
    }
  }

  struct Segment: Encodable {
    let name: String
    let file: String
    let base: UInt64
    let size: UInt64
    let memorySize: UInt64

    enum CodingKeys: String, CodingKey {
      case name, file, base, size
      case memorySize = "memory_size"
    }
  }

  struct Range: Encodable {
    let base: UInt64
    let size: UInt64

    init(_ range: Swift.Range<UInt64>) {
      base = range.lowerBound
      size = range.size
    }
  }

  init(
    _ outputs: OutputFiles, _ blob: Blob, _ layout: PurgatoryKit.Layout, files: [PurgatoryKit.Segment],
    notes: [String]
  ) {
    self.outputs = OutputDescription.all(outputs)
    purgatory = BlobDescription(blob)
    self.layout = Layout(
      loadAddress: layout.loadAddress, commandLine: layout.commandLine,
      segments: files.map {
        Segment(
          name: $0.role.rawValue, file: $0.file, base: $0.base, size: $0.contents.count,
          memorySize: $0.memorySize)
      }, memory: layout.memory.map(Range.init), reserved: layout.reserved.map(Range.init))
    self.notes = notes
  }
}

/// What `bundle --json` says.
struct BundleDescription: Encodable {
  let outputs: [OutputDescription]
  let purgatory: BlobDescription
  let notes: [String]
}

/// What `graft --json` says.
struct GraftDescription: Encodable {
  let outputs: [OutputDescription]
  /// Where in the program the purgatory is, in bytes.
  let offset: Int
  /// Bytes of its own purgatory, and of ours.
  let oldSize: Int
  let newSize: Int

  enum CodingKeys: String, CodingKey {
    case outputs, offset
    case oldSize = "old_size"
    case newSize = "new_size"
  }
}
