using Microsoft.ML.OnnxRuntime;

namespace Rag.Embedding.Full;

/// <summary>A graph in ONNX Runtime. Run may be called by several threads at a time.</summary>
internal sealed class OnnxTransformer : ITransformer
{
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly ModelInfo _model;
    private readonly string[] _inputs;
    private readonly string[] _outputs;
    private readonly bool _pooled;
    private readonly bool _keepsTokens;

    private OnnxTransformer(InferenceSession session, ModelInfo model, string graph, string provider, bool keepsTokens)
    {
        _session = session;
        _model = model;
        _keepsTokens = keepsTokens;
        Provider = provider;
        _inputs = [.. session.InputNames.Select(name => Known(name, session.InputMetadata[name], graph))];
        (_outputs, _pooled) = ChooseOutput(session, model, graph);
        if (_keepsTokens && _pooled)
            throw new ModelFormatException($"'{graph}' of model '{model.Name}' gives no vectors of tokens, only of texts.");
        // Models for late interaction have a last layer that is narrower than the hidden ones.
        var last = session.OutputMetadata[_outputs[0]].Dimensions[^1];
        Dimension = keepsTokens && last > 0 ? last : model.Dimension;
    }

    public int Dimension { get; }

    public string Provider { get; }

    /// <summary>Loads a graph.</summary>
    /// <param name="model">The model it belongs to.</param>
    /// <param name="graph">Path of the graph.</param>
    /// <param name="options">Session options with the provider appended; disposed with the call.</param>
    /// <param name="provider">The provider's name.</param>
    /// <param name="keepsTokens">Whether it gives a vector a token, padding included, and not one a row.</param>
    /// <exception cref="ModelFormatException">The graph cannot be loaded or has other inputs and outputs.</exception>
    public static OnnxTransformer Load(ModelInfo model, string graph, SessionOptions options, string provider, bool keepsTokens)
    {
        InferenceSession session;
        try
        {
            session = new InferenceSession(graph, options);
        }
        catch (OnnxRuntimeException error)
        {
            throw new ModelFormatException($"ONNX Runtime cannot load '{graph}' on {provider}: {error.Message}", error);
        }

        try
        {
            return new OnnxTransformer(session, model, graph, provider, keepsTokens);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public void Run(PaddedBatch batch, Span<float> vectors)
    {
        long[] shape = [batch.Rows, batch.Length];
        var values = new OrtValue[_inputs.Length];
        try
        {
            for (var i = 0; i < values.Length; i++)
            {
                var data = _inputs[i] switch
                {
                    "input_ids" => batch.Ids,
                    "attention_mask" => batch.Mask,
                    _ => batch.Types,
                };
                values[i] = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, data, shape);
            }

            using var results = _session.Run(_runOptions, _inputs, values, _outputs);
            var output = results[0].GetTensorDataAsSpan<float>();
            var expected = (_pooled ? batch.Rows : batch.Rows * batch.Length) * Dimension;
            if (output.Length != expected)
            {
                throw new ModelFormatException(
                    $"Model '{_model.Name}' gave {output.Length} numbers for {batch.Rows} × {batch.Length} tokens, not "
                    + $"{expected}; is its dimension really {Dimension}?");
            }

            if (_pooled || _keepsTokens)
                output.CopyTo(vectors);
            else
                Pooling.Pool(output, batch, _model.Pooling, vectors, Dimension);
        }
        finally
        {
            foreach (var value in values)
                value?.Dispose();
        }
    }

    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }

    private static string Known(string name, NodeMetadata metadata, string graph)
    {
        if (name is not ("input_ids" or "attention_mask" or "token_type_ids"))
        {
            throw new ModelFormatException(
                $"'{graph}' has an input '{name}'; input_ids, attention_mask and token_type_ids are supported.");
        }

        return metadata.ElementType == typeof(long)
            ? name
            : throw new ModelFormatException($"'{graph}': input '{name}' is of {metadata.ElementType}; int64 is supported.");
    }

    /// <summary>Token vectors (rank 3) by preference, since pooling is then as the model's files say.</summary>
    private static (string[] Names, bool Pooled) ChooseOutput(InferenceSession session, ModelInfo model, string graph)
    {
        var floats = session.OutputMetadata.Where(output => output.Value.ElementType == typeof(float)).ToList();
        var tokens = floats.Where(output => output.Value.Dimensions.Length == 3)
            .OrderByDescending(output => output.Key is "last_hidden_state" or "token_embeddings")
            .Select(output => output.Key)
            .FirstOrDefault();
        if (tokens is not null)
            return ([tokens], false);
        var pooled = floats.Where(output => output.Value.Dimensions.Length == 2)
            .Select(output => output.Key)
            .FirstOrDefault();
        return pooled is not null
            ? ([pooled], true)
            : throw new ModelFormatException(
                $"'{graph}' of model '{model.Name}' has no float output of rank 3 (last_hidden_state) or 2.");
    }
}
