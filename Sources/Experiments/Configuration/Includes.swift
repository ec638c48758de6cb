import Foundation

/// `defaults: [file, …]`: later files win, and the file that includes them wins over all.
enum Includes {
    static func read(_ path: String) throws(ConfigurationError) -> SourceNode {
        try read(path, from: .file(path, line: nil), shown: nil, [])
    }

    /// - Parameters:
    ///   - origin: who is to blame where the file cannot be read.
    ///   - shown: the name under which `origin` asked for it; nil for the main file.
    ///   - chain: files that are being read, outermost first.
    private static func read(
        _ path: String, from origin: Origin, shown: String?, _ chain: [String]
    ) throws(ConfigurationError) -> SourceNode {
        let label = shown.map { "defaults: '\($0)' " } ?? ""
        guard !chain.contains(path) else {
            let circle = (chain.drop { $0 != path } + [path]).joined(separator: " → ")
            throw ConfigurationError("\(label)includes itself: \(circle)", at: origin)
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            let reason = FileManager.default.fileExists(atPath: path) ? "no permission, or a folder" : "no such file"
            throw ConfigurationError("\(label)cannot be read: \(reason)", at: origin)
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationError("\(label)is not UTF-8 text", at: origin)
        }
        return try resolve(try SourceNode(yaml: text, file: path), path, chain)
    }

    /// Merges what a file includes under what it says itself.
    static func resolve(
        _ tree: SourceNode, _ path: String, _ chain: [String]
    ) throws(ConfigurationError) -> SourceNode {
        var own = tree
        guard let entry = own.remove("defaults"), !entry.value.isNull else { return own }
        let items: [SourceNode]
        switch entry.value.value {
        case .sequence(let list): items = list
        case .scalar: items = [entry.value]
        case .mapping: items = []
        }
        let names = items.compactMap { $0.text }
        guard !items.isEmpty, names.count == items.count else {
            throw ConfigurationError("defaults must be a list of files, found \(entry.value.found)", at: entry.origin)
        }
        var base = SourceNode(.mapping([]), own.origin)
        for (item, name) in zip(items, names) {
            let included = try read(join(path, name), from: item.origin, shown: name, chain + [path])
            if !included.isNull { base = included.merged(over: base) }
        }
        return own.isNull ? base : own.merged(over: base)
    }

    /// `name`, seen from the folder of the file `path`, without `.` and `..` where they can go.
    private static func join(_ path: String, _ name: String) -> String {
        guard !name.hasPrefix("/") else { return name }
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().map(String.init)
        for part in name.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, !["..", ".", ""].contains(last) {
                parts.removeLast()
            } else {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}
