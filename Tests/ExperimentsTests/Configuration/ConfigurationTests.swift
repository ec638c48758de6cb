import Foundation
import TangentKernels
import Testing

@testable import Experiments

@Suite struct ConfigurationTests {
    static let texts = [
        "", "seed: 7", "question: 'null'", "question: \"a: b # c\\n\\u0007é\"", "question: '12'", "question: ''",
        "data: {classes: [0, '1', cat, \"yes\"], train: all, balanced: true, root: ~}",
        "data: {name: npy, train_inputs: /a/x.npy, train_targets: 'y 1.npy', test_inputs: '#z.npy'}",
        "data: {name: npy, train_inputs: x, train_targets: y, test_inputs: z, test_targets: l, scale: unit, test: 3}",
        "data: {scale: standardize}\nattacks: [{name: fgsm}]",
        "attacks: [{name: universal, norm: l2, eps: [1, 2], steps: 5, fit: train}, {name: file, path: a.npy}]",
        "transfer: {}\ndata: {scale: none}",
        "transfer: {models: [{model: {preset: conv, depth: 2}}, {name: early, time: 10, train: 5}], images: 3}",
        "model: {depth: 0, activation: {leaky_relu: {alpha: 1/3}}, W_std: 1e-3, b_std: null}",
        """
        model:
          layers:
            - flatten
            - dense: {W_std: 1.5, b_std: null}
            - abrelu: {a: -0.5, b: 2}
            - layer_norm
            - residual: {main: [relu, {dense: {}}], shortcut: []}
            - residual: {main: [{residual: {main: [dense]}}]}
            - dense
        """,
        "compute: {backend: cpu, devices: [1, {split: 0, units: [2, 1]}], precision: float64, tile: 256, memory_limit: 8e9}",
        "kernel: {type: nngp, test_test: true}",
        "inference: {diag_reg: 1e-5, diag_reg_scale: absolute, time: [0.1, 10, inf], solver: eigh}",
        "attacks: [{name: pgd, eps: [0, 2/255, 0.1], step: 0.01, steps: 3, clip: none, loss: cw}, {name: fgsm}]",
        "save: [adversarial, kernels]\noutput: runs/x y",
        "save: [features]", "features: {}", "features: {attack: none, machines: [], clip: none}",
        """
        features:
          {count: 7, indices: [1500, 12], eps: [4/255, 8/255], attack: [pgd, fgsm], step: 0.01, images: 0,
          criterion: both, useful: 0.6, machines: [8, 2], architectures: [{preset: conv, depth: 1}, {layers: [dense]}]}
        """,
    ]

    @Test(arguments: texts) func resolvedReadsBackTheSame(yaml: String) throws {
        let configuration = try Configuration.parse(yaml, environment: ["NTK_DATA": "/data sets"])
        for comments in [true, false] {
            let text = configuration.resolved(comments: comments)
            let again = try Configuration.parse(text)
            #expect(again == configuration, "\(text)")
            #expect(again.resolved(comments: comments) == text)
            #expect(again.canonical == configuration.canonical)
        }
    }

    @Test func emptyFileMeansTheDefaults() throws {
        let defaults = try Configuration.parse("# nothing\n")
        #expect(defaults == Configuration())
        #expect(defaults.data.train == 2000 && defaults.inference.time == [.infinity] && defaults.attacks.isEmpty)
    }

    @Test func nullMeansTheDefault() throws {
        let configuration = try Configuration.parse(
            "seed:\nattacks:\ndata: {classes: ~, train: null}\nmodel: {b_std: ~}")
        var expected = Configuration()
        expected.model.biasStd = 0
        #expect(configuration == expected)
    }

    @Test func numbers() throws {
        let configuration = try Configuration.parse(
            "attacks: [{name: pgd, eps: [8/255, 1e-3, .5, '2/255'], step: 1/4}]\ninference: {time: ['inf', 1e2]}")
        #expect(configuration.attacks[0].eps == [8.0 / 255, 1e-3, 0.5, 2.0 / 255])
        #expect(configuration.attacks[0].step == 0.25)
        #expect(configuration.resolved(comments: false).contains("eps: [8/255, 0.001, 0.5, 2/255]"))
        #expect(configuration.inference.time == [.infinity, 100])
        for text in ["nan", "0x10", "1_000", "1:30", "1//2", "1/", "--1", "1e999", "inf"] {
            #expect(complaints("model: {W_std: \(text)}").count == 1, "\(text)")
        }
    }

    @Test func defaultsThatDependOnTheData() throws {
        let npy = try Configuration.parse(Self.texts[7] + "\nattacks: [{name: fgsm}, {name: pgd, clip: [0, 1]}]")
        #expect(npy.data.train == nil && npy.data.test == nil && npy.data.scale == .none)
        #expect(npy.attacks[0].clip == nil && npy.attacks[1].clip == 0...1)
        let unit = try Configuration.parse("attacks: [{name: fgsm}, {name: fgsm, clip: none}]")
        #expect(unit.attacks[0].clip == 0...1 && unit.attacks[1].clip == nil)
    }

    @Test func features() throws {
        #expect(try Configuration.parse("features:").features == nil)
        let plain = try Configuration.parse("features: {}")
        #expect(plain.features == FeaturesSection() && plain.features?.attacks == [.fgsm])
        #expect(plain.featureModels.map { $0.label } == ["fc-3"])
        let wide = try Configuration.parse(
            """
            data: {scale: standardize}
            features:
              machines: [8, 2, 8]
              architectures:
                [{preset: conv-gap, depth: 2}, {W_std: 1}, {layers: [dense]}, {preset: myrtle5, activation: erf}, {depth: 3}]
            """)
        #expect(wide.features?.clip == nil && wide.features?.machines == [2, 8])
        let labels = ["fc-3", "conv-gap-2", "fc-3.2", "layers", "myrtle5-erf", "fc-3.3"]
        #expect(wide.featureModels.map { $0.label } == labels)
        #expect(wide.featureModels[2].model.weightStd == 1)
    }

    @Test func dataFolder() throws {
        let environment = ["NTK_DATA": "/data", "HOME": "/home"]
        #expect(try Configuration.parse("", environment: environment).data.root == "/data")
        #expect(try Configuration.parse("").data.root == nil)
        #expect(try Configuration.parse("", environment: ["NTK_DATA": ""]).data.root == nil)
        #expect(try Configuration.parse("data: {root: null}", environment: environment).data.root == nil)
        let written = try Configuration.parse("data: {root: '${NTK_DATA}/sets/$x'}", environment: environment)
        #expect(written.data.root == "/data/sets/$x")
        #expect(try Configuration.parse("data: {root: ~/x}", environment: environment).data.root == "~/x")
    }

    @Test func canonicalLeavesOutWhatDoesNotChangeTheResult() throws {
        let one = try Configuration.parse("question: a\noutput: x\ndata: {root: /a}\ninference: {diag_reg: 1e-4}")
        let two = try Configuration.parse("inference: {diag_reg: 0.0001}\nquestion: b\ndata: {root: /b}")
        #expect(one.canonical == two.canonical)
        #expect(one.differences(from: two).isEmpty)
        let three = try Configuration.parse(
            "inference: {diag_reg: 0.1}\nattacks: [{name: fgsm}]\nmodel: {layers: [dense]}")
        #expect(
            three.differences(from: one) == [
                "attacks", "inference.diag_reg", "model.layers", "model.activation", "model.depth", "model.preset",
            ])
    }

    @Test func anchorsAndMerges() throws {
        let configuration = try Configuration.parse(
            """
            attacks:
              - &base {name: pgd, eps: 0.1, steps: 5}
              - {<<: *base, steps: 7}
              - {<<: [*base, {loss: mse}]}
            """)
        #expect(configuration.attacks.map { $0.steps } == [5, 7, 5])
        #expect(configuration.attacks.map { $0.loss } == [.crossEntropy, .crossEntropy, .mse])
    }

    @Test func architecture() throws {
        let preset = try Configuration.parse("model: {depth: 2, activation: erf, W_std: 1.5, b_std: 0}")
        let written = try Configuration.parse(
            "model: {layers: [flatten, dense, erf, dense, erf, {dense: {}}], W_std: 1.5, b_std: 0}")
        let net = Architecture.fc(depth: 2, activation: Erf(), weightStd: 1.5, biasStd: 0)
        let program = try net.program(height: 4, width: 4, channels: 3)
        #expect(try preset.architecture().program(height: 4, width: 4, channels: 3) == program)
        #expect(try written.architecture().program(height: 4, width: 4, channels: 3) == program)
    }

    /// Every file of Configs/ is read, asks something, and its nets can be planned.
    @Test func shippedConfigurations() throws {
        let folder = Repository.path("Configs")
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }
        #expect(files.contains("quickstart.yaml") && files.contains("figures/figure-2-features.yaml"))
        #expect(Configuration.name(ofFile: "a/b/quickstart.yaml") == "quickstart")
        for file in files {
            let configuration = try Configuration.load("\(folder)/\(file)", environment: [:])
            #expect(!configuration.question.isEmpty, "\(file)")
            #expect(try configuration.networkSummaries().count == configuration.networks.count, "\(file)")
            for (label, model) in configuration.featureModels where configuration.kernel.predicting != nil {
                var one = configuration
                one.model = model
                #expect(try one.plan() != nil, "\(file): \(label)")
            }
        }
    }
}

enum Repository {
    /// Path of a file of the repository.
    static func path(_ name: String) -> String {
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/", !FileManager.default.fileExists(atPath: folder.path + "/Package.swift") {
            folder.deleteLastPathComponent()
        }
        return folder.appendingPathComponent(name).path
    }
}
