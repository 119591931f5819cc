using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace Rag.Embedding.Full;

/// <summary>Chooses provider and graph, loads them, and says in one line what runs and why.</summary>
internal sealed class TransformerLoader(
    ModelInfo model, EmbedderOptions options, ILogger logger, bool keepsTokens = false)
{
    /// <summary>Loads the transformer.</summary>
    /// <exception cref="ModelFormatException">No graph, or none that loads where it must run.</exception>
    public ITransformer Load(out bool onCuda)
    {
        OnnxLibrary.Prepare();
        var reason = options.ExecutionProvider == ExecutionProvider.Cpu ? "it is what the options say" : null;
        if (options.ExecutionProvider != ExecutionProvider.Cpu)
        {
            if (TryLoadCuda(out var transformer, out reason))
            {
                onCuda = true;
                return transformer!;
            }

            if (options.ExecutionProvider == ExecutionProvider.Cuda)
            {
                throw new ModelFormatException(
                    $"The options demand CUDA, but {reason}. Use Auto or Cpu to run on the CPU.");
            }
        }

        onCuda = false;
        return LoadCpu(reason!);
    }

    private static string Summary(Exception error) => error.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.');

    /// <summary>int8 is twice as fast on a CPU; a card has no use for a graph quantised for CPUs.</summary>
    private string ChooseGraph(bool onCuda)
    {
        var graph = options.Graph switch
        {
            ModelGraph.FullWeights => model.FullGraph,
            ModelGraph.Quantized => model.QuantizedGraph,
            _ when onCuda => model.FullGraph ?? model.QuantizedGraph,
            _ => model.QuantizedGraph ?? model.FullGraph,
        };
        return graph ?? throw new ModelFormatException(
            $"'{model.Folder}' has no graph with {(options.Graph == ModelGraph.Quantized ? "quantised" : "full")} weights.");
    }

    private OnnxTransformer LoadCpu(string reason)
    {
        var graph = ChooseGraph(onCuda: false);
        using var session = NewSessionOptions();
        var threads = options.IntraOpThreads == 0 ? 1 : options.IntraOpThreads;
        session.IntraOpNumThreads = threads;
        session.InterOpNumThreads = 1;
        if (threads > 1)
            // Threads that spin between operators double the processor time of a batch.
            session.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        var transformer = OnnxTransformer.Load(model, graph, session, "CPU", keepsTokens);
        EmbeddingLog.Loaded(logger, model.Name, Path.GetRelativePath(model.Folder, graph), "CPU", reason);
        return transformer;
    }

    private bool TryLoadCuda(out OnnxTransformer? transformer, out string? reason)
    {
        transformer = null;
        var library = CudaProvider.FindLibrary(options.CudaLibrary);
        if (library is null)
        {
            reason = "no CUDA provider library lies beside the program";
            return false;
        }

        if (!File.Exists(library))
        {
            reason = $"there is no CUDA provider library '{library}'";
            return false;
        }

        var graph = ChooseGraph(onCuda: true);
        try
        {
            if (!OnnxLibrary.HasCuda)
            {
                reason = "the ONNX Runtime beside the program has no CUDA compiled in; `./rag cuda` installs one that has";
                return false;
            }

            var devices = CudaProvider.Devices(library);
            if (devices.Count == 0)
            {
                reason = $"'{library}' finds no CUDA device";
                return false;
            }

            using var session = NewSessionOptions();
            session.AppendExecutionProvider(OrtEnv.Instance(), [devices[0]], null);
            transformer = OnnxTransformer.Load(
                model, graph, session, $"CUDA ({devices[0].HardwareDevice.Vendor})", keepsTokens);
        }
        catch (Exception error) when (error is OnnxRuntimeException or ModelFormatException)
        {
            reason = $"the CUDA provider does not work: {Summary(error)}";
            return false;
        }

        reason = $"'{library}' and a device are there";
        EmbeddingLog.Loaded(
            logger, model.Name, Path.GetRelativePath(model.Folder, graph), transformer.Provider, reason);
        return true;
    }

    private static SessionOptions NewSessionOptions() => new()
    {
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
        // Every batch has another shape, so a plan of memory for one is of no use to the next.
        EnableMemoryPattern = false,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
    };
}
