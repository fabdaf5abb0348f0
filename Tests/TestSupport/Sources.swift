// Sources.swift — a copy of a purgatory's sources, and files that are added to it
// SPDX-License-Identifier: MIT

extension Folder {
  /// Writes an assembly file into a copy of the sources, and its name into the copy's list.
  public func addSource(_ assembly: String, as name: String, to sources: String) throws {
    try write(assembly, to: "\(sources)/\(name)")
    try listSource(name, in: sources)
  }

  /// Lists a file that is there: what is not listed is no part of a purgatory.
  public func listSource(_ name: String, in sources: String) throws {
    let list = try text(of: "\(sources)/SOURCES")
    guard !list.split(separator: "\n").contains(name[...]) else { return }
    try write("\(list)\(name)\n", to: "\(sources)/SOURCES")
  }
}
