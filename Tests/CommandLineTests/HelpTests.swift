import StorageTestSupport
import Testing

@Suite struct HelpTests {
    @Test(arguments: [
        "", "run", "sweep", "submit", "worker", "collect", "status", "report", "export", "config", "config check",
        "config show",
        "config schema",
        "data",
        "data list",
        "data verify", "data fetch", "devices", "bench",
    ])
    func everyCommandShowsAnExample(_ words: String) throws {
        let program = Program(try TemporaryFolder())
        let words = words.split(separator: " ").map(String.init)
        let result = try program(words + ["--help"])
        #expect(result.code == 0 && result.error == "")
        #expect(result.output.hasPrefix("OVERVIEW: "))
        #expect(result.output.contains("Example: "))
        #expect(result.output.contains((["ntk"] + words).joined(separator: " ")))
        #expect(try program(["help"] + words).output == result.output)
    }

    @Test func version() throws {
        let result = try Program(try TemporaryFolder())("--version")
        #expect(result.code == 0)
        #expect(result.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
    }
}
