using Microsoft.ML.OnnxRuntime;

namespace Rag.Embedding.Full;

/// <summary>A graph in ONNX Runtime. Run may be called by several threads at a time.</summary>
internal sealed class OnnxTransformer : ITransformer
{
    private readonly InferenceSession _session;
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

    public ITransformerRun Prepare(PaddedBatch batch) => new BatchRun(this, batch);

    public void Dispose() => _session.Dispose();

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

    private sealed class BatchRun : ITransformerRun
    {
        private readonly OnnxTransformer _owner;
        private readonly PaddedBatch _batch;
        private readonly RunOptions _options = new();
        private readonly OrtValue[] _values;
        private IDisposableReadOnlyCollection<OrtValue>? _results;

        public BatchRun(OnnxTransformer owner, PaddedBatch batch)
        {
            (_owner, _batch) = (owner, batch);
            long[] shape = [batch.Rows, batch.Length];
            _values = new OrtValue[owner._inputs.Length];
            for (var i = 0; i < _values.Length; i++)
            {
                var data = owner._inputs[i] switch
                {
                    "input_ids" => batch.Ids,
                    "attention_mask" => batch.Mask,
                    _ => batch.Types,
                };
                _values[i] = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, data, shape);
            }
        }

        public void Compute() => _results = _owner._session.Run(_options, _owner._inputs, _values, _owner._outputs);

        public void Stop() => _options.Terminate = true;

        public void Read(Span<float> vectors)
        {
            var output = _results![0].GetTensorDataAsSpan<float>();
            var expected = (_owner._pooled ? _batch.Rows : _batch.Rows * _batch.Length) * _owner.Dimension;
            if (output.Length != expected)
            {
                throw new ModelFormatException(
                    $"Model '{_owner._model.Name}' gave {output.Length} numbers for {_batch.Rows} × {_batch.Length} tokens, not "
                    + $"{expected}; is its dimension really {_owner.Dimension}?");
            }

            if (_owner._pooled || _owner._keepsTokens)
                output.CopyTo(vectors);
            else
                Pooling.Pool(output, _batch, _owner._model.Pooling, vectors, _owner.Dimension);
        }

        public void Dispose()
        {
            _results?.Dispose();
            foreach (var value in _values)
                value?.Dispose();
            _options.Dispose();
        }
    }
}
