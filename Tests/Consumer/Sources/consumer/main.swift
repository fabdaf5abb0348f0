// main.swift — builds, fills in, writes and checks a purgatory; its arguments: SOURCES KERNEL DTB FOLDER
// SPDX-License-Identifier: MIT

import PurgatoryKit

let arguments = CommandLine.arguments
let (kernel, tree) = (try KernelFile(Contents(path: arguments[2])).image, try Contents(path: arguments[3]))

let elf = try await Toolchain.find().build(PurgatorySource(path: arguments[1]))
var blob = try Blob(elf, file: "purgatory.elf")

let files = [File(role: .kernel, contents: kernel), File(role: .dtb, contents: tree)]
var request = LayoutRequest(files: files, purgatorySize: blob.info.memorySize)
(request.placesPurgatory, request.bootsKernel, request.updatesDeviceTree) = (true, true, true)
let layout = try Layout(request)

var changes = InfoChanges()
(changes.segments, changes.loadAddress) = (layout.segments, layout.loadAddress)
(changes.console, changes.psci) = (try Board(tree).console(), try Board(tree).psci.get())
try blob.fill(changes.applied(to: blob.info, file: "purgatory.bin"))

var outputs = OutputFiles(from: [kernel.name, tree.name])
outputs.add(blob.flat, to: "\(arguments[4])/purgatory.bin")
for segment in layout.segments where segment.role == .dtb {
  outputs.add(segment.contents, to: "\(arguments[4])/devicetree.dtb")
}
outputs.rely(on: layout.segments.map(\.contents))
try outputs.write()
print(Checker().check(path: "\(arguments[4])/purgatory.bin").verdict)
