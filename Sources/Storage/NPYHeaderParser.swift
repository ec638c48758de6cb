/// Reads the Python dictionary of a `.npy` header: strings, True and False, and a tuple of integers.
struct NPYHeaderParser {
    let text: [UInt8]
    let path: String
    private var position = 0

    init(text: [UInt8], path: String) {
        self.text = text
        self.path = path
    }

    mutating func header() throws(StorageError) -> NPYHeader {
        var type: NPYType?
        var shape: [Int]?
        var isFortranOrder: Bool?
        try expect("{")
        while !accept("}") {
            let key = try string()
            try expect(":")
            switch key {
            case "descr": type = try numberType()
            case "shape": shape = try tuple()
            case "fortran_order": isFortranOrder = try boolean()
            default: throw malformed
            }
            if !accept(",") {
                try expect("}")
                break
            }
        }
        guard let type, let shape, let isFortranOrder else { throw malformed }
        return NPYHeader(type: type, shape: shape, isFortranOrder: isFortranOrder)
    }

    private var malformed: StorageError {
        .damaged(path, "its header is not one that numpy writes")
    }

    private mutating func numberType() throws(StorageError) -> NPYType {
        if accept("[") {
            throw .unsupported(
                path, "it holds records of several fields", advice: "save one field as float32, float64 or integers")
        }
        let name = try string()
        if let type = NPYType(rawValue: name) { return type }
        if name.hasPrefix(">") {
            throw .unsupported(
                path, "its numbers are big endian ('\(name)')",
                advice: "save it with array.astype('<\(name.dropFirst())')")
        }
        if name.hasPrefix("|O") {
            throw .unsupported(
                path, "it holds pickled Python objects, which are not read", advice: "save an array of numbers")
        }
        throw .unsupported(
            path, "its numbers are of type '\(name)'", advice: "save it as float32, float64, uint8, int32 or int64")
    }

    private mutating func tuple() throws(StorageError) -> [Int] {
        try expect("(")
        var axes: [Int] = []
        while !accept(")") {
            let start = position
            while position < text.count, (0x30...0x39).contains(text[position]) { position += 1 }
            guard let extent = Int(String(decoding: text[start..<position], as: UTF8.self)) else { throw malformed }
            axes.append(extent)
            _ = accept("L")
            if !accept(",") {
                try expect(")")
                break
            }
        }
        return axes
    }

    private mutating func boolean() throws(StorageError) -> Bool {
        for (word, value) in [("True", true), ("False", false)] {
            skipSpaces()
            if text[position...].starts(with: word.utf8) {
                position += word.utf8.count
                return value
            }
        }
        throw malformed
    }

    private mutating func string() throws(StorageError) -> String {
        skipSpaces()
        guard position < text.count, text[position] == 0x27 || text[position] == 0x22,
            let end = text[(position + 1)...].firstIndex(of: text[position])
        else { throw malformed }
        defer { position = end + 1 }
        return String(decoding: text[(position + 1)..<end], as: UTF8.self)
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(StorageError) {
        if !accept(character) { throw malformed }
    }

    /// Steps over the character where it is the next one, and over the spaces around it.
    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        skipSpaces()
        guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        skipSpaces()
        return true
    }

    private mutating func skipSpaces() {
        while position < text.count, text[position] == 0x20 || text[position] == 0x0a { position += 1 }
    }
}
