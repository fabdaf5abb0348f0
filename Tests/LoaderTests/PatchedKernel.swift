// PatchedKernel.swift — small kernels that scripts/kernel built: what kexec_file_load leads to with integrations/linux
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

/// A running small kernel, and the system that it goes on to.
struct PatchedKernel {
  /// What is loaded, in the order of the regions, and in each a mark that the host finds in the guest's memory.
  enum Part: Int, CaseIterable {
    case kernel, initrd, deviceTree

    /// Different each time that it is made, so that no copy of an earlier run is meant.
    static func mark(_ part: Part) -> String { "\(part).mark.7d1f3c52e9b80a64" }
  }

  let folder: Folder
  var guest = Guest()

  /// - Parameters:
  ///   - script: what the second system does, too, with the files that it needs.
  init(
    _ kernel: LoaderInput, then script: String = "", with files: [String: [UInt8]] = [:], in folder: Folder
  ) throws {
    self.folder = folder
    guest.kernel = kernel
    // The bytes behind a kernel's own are of its BSS, which it clears.
    let image = try LoaderInput.plainKernel.bytes + Array("\(Part.mark(.kernel))\n".utf8)
    guest.files = [
      "kexec": try LoaderInput.kexec.bytes, "Image": image,
      "initrd.img": try Self.secondInitrd(script, files),
    ]
  }

  static let load = load("-l")

  /// - Parameter how: `-l`, or `-p` for a crash kernel.
  static func load(_ how: String) -> String {
    "kexec -s \(how) Image --initrd=initrd.img --command-line=\"\(Guest.commandLine) \(Part.mark(.deviceTree))\""
  }

  /// The second system: it says what it was given, and runs `script`.
  private static func secondInitrd(_ script: String, _ files: [String: [UInt8]]) throws -> [UInt8] {
    var archive = Archive()
    for name in ["bin", "proc", "sys"] { archive.addFolder(name) }
    archive.addProgram("bin/busybox", try LoaderInput.busybox.bytes)
    archive.addProgram("mark", Array("\(Part.mark(.initrd))\n".utf8))
    let lines = """
      #!/bin/busybox sh
      /bin/busybox --install -s /bin
      mount -t proc proc /proc
      mount -t sysfs sys /sys
      echo "second: initrd $(cat /mark)"
      echo "second: command line $(cat /proc/cmdline)"
      echo "second: result" $(od -A n -t x1 /proc/device-tree/chosen/purgatory,result)
      \(script)
      echo "userspace: reached on Linux $(uname -r)"
      poweroff -f

      """
    archive.addProgram("init", Array(lines.utf8))
    for (name, contents) in files.sorted(by: { $0.key < $1.key }) { archive.addProgram(name, contents) }
    archive.end()
    return archive.bytes
  }

  /// Has the host flip a bit wherever this part's mark is, once the script has printed "ready" and reads a line.
  mutating func flip(_ part: Part) {
    guest.replies = [
      .init(to: "first: ready", keys: "\n") { memory in
        let count = try memory.flip(everywhere: Array(Part.mark(part).utf8))
        #expect(count > 1, "the file, and what was loaded of it")
      }
    ]
  }

  static let pause = "echo 'first: ready'; read line"

  /// The four cells of /chosen/purgatory,result that the second system read; nil: there is none.
  static func result(_ console: String) -> [UInt32]? {
    guard let line = console.split(separator: "\n").last(where: { $0.hasPrefix("second: result") }) else {
      return nil
    }
    let bytes = line.split(separator: " ").dropFirst(2).compactMap { UInt8($0, radix: 16) }
    guard bytes.count == 16 else { return nil }
    return stride(from: 0, to: 16, by: 4).map { bytes[$0..<$0 + 4].reduce(0) { $0 << 8 | UInt32($1) } }
  }

  static func purgatoryLines(_ console: String) -> [Substring] {
    console.split(separator: "\n").filter { $0.hasPrefix("purgatory: ") }
  }

  /// The kernel with its purgatory's struct changed, as another build would have it.
  func repoked(_ kernel: LoaderInput, _ change: (inout PurgatoryInfo) -> Void) throws -> String {
    var image = try kernel.bytes
    let start = try #require(image.firstRange(of: Array("PURGINFO".utf8))).lowerBound
    let place = start..<start + PurgatoryInfo.size
    var info = try PurgatoryInfo(decoding: Array(image[place]))
    change(&info)
    image.replaceSubrange(place, with: try info.encoded())
    try folder.write(image, to: "repoked")
    return "\(folder.path)/repoked"
  }
}
